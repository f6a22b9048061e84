// Whose pictures these are: the samples that the page offers and the paintings that it knows.

import { useEffect, useState } from "preact/hooks";
import { functions } from "../../lib/functions.ts";
import type { Style } from "../../lib/told.ts";
import { words } from "../../lib/words.ts";
import { told as painting, year } from "../../lib/translated.ts";

const say = words(
  {
    title: "Whose pictures these are", samples: "Samples", paintings: "Paintings", icons: "The icons were drawn for this page.", file: "File", by: "What, by whom", licence: "Licence",
    cat: "The cat Chelsea, Stéfan van der Walt, from scikit-image's data", coffee: "A cup of coffee, Rachel Michetti, from scikit-image's data",
    field: "Field and pines, Flickr photo 3390155397, COCO train2017 no. 278528", rocket: "A Falcon 9 at night, SpaceX, from scikit-image's data",
    astronaut: "The astronaut Eileen Collins, NASA, from scikit-image's data", buses: "A wet street with buses, Flickr photo 8195678412, COCO val2017 no. 423617",
    people: "A person walks in and stands, from Intel's sample-videos, made smaller", cars: "Cars from above, from Intel's sample-videos, made smaller",
    public: "public domain", coco: "CC BY 2.0 by COCO's list",
  },
  {
    title: "图片来源", samples: "示例", paintings: "画作", icons: "图标为本页面绘制。", file: "文件", by: "内容与作者", licence: "许可",
    cat: "猫 Chelsea，Stéfan van der Walt，来自 scikit-image 数据", coffee: "一杯咖啡，Rachel Michetti，来自 scikit-image 数据",
    field: "田野与松树，Flickr 照片 3390155397，COCO train2017 第 278528 号", rocket: "夜间的猎鹰 9 号，SpaceX，来自 scikit-image 数据",
    astronaut: "宇航员艾琳·柯林斯，NASA，来自 scikit-image 数据", buses: "雨中有公共汽车的街道，Flickr 照片 8195678412，COCO val2017 第 423617 号",
    people: "一个人走进来站住，来自 Intel 的 sample-videos，已缩小", cars: "俯拍的汽车，来自 Intel 的 sample-videos，已缩小",
    public: "公有领域", coco: "CC BY 2.0（据 COCO 列表）",
  },
);

const SAMPLES = [
  ["cat_chelsea.jpg", "cat", "CC0"], ["food_coffee.jpg", "coffee", "CC0"], ["landscape_field.jpg", "field", "coco"], ["night_rocket.jpg", "rocket", "public"],
  ["people_astronaut.jpg", "astronaut", "public"], ["street_buses.jpg", "buses", "coco"], ["video/people.mp4", "people", "CC BY 4.0"], ["video/cars.mp4", "cars", "CC BY 4.0"],
] as const;

function licence(text: (typeof SAMPLES)[number][2]): string {
  return text === "coco" || text === "public" ? say(text) : text;
}

export function Credits() {
  const [styles, setStyles] = useState<Style[]>([]);
  const all = functions.value;
  useEffect(() => {
    let current = true;
    void Promise.allSettled((all ?? []).map((fn) => fn.variants())).then((told) => {
      if (current) setStyles(told.flatMap((one) => (one.status === "fulfilled" ? one.value.flatMap((variant) => variant.styles) : [])));
    });
    return () => {
      current = false;
    };
  }, [all]);
  return (
    <section class="stack" aria-labelledby="about-credits">
      <h2 id="about-credits">{say("title")}</h2>
      <div class="about-credits">
        <div class="stack tight">
          <h3>{say("samples")}</h3>
          <ul class="about-list">
            {SAMPLES.map(([file, what, rights]) => <li key={file}><a href={`samples/${file}`}>{file}</a> <span>{say(what)}</span> <span class="quiet">{licence(rights)}</span></li>)}
          </ul>
        </div>
        {styles.length > 0 && (
          <div class="stack tight">
            <h3>{say("paintings")}</h3>
            <ul class="about-list">
              {styles.map((style) => (
                <li key={style.name}><strong>{painting(style.title)}</strong> <span>{[painting(style.painter), year(style.year)].filter(Boolean).join(", ")}</span> <span class="quiet">{painting(style.rights)}</span></li>
              ))}
            </ul>
          </div>
        )}
      </div>
      <p class="quiet">{say("icons")}</p>
    </section>
  );
}
