// The samples that come with the page, to try it without a picture of one's own.

import { to } from "../../lib/place.ts";
import { words } from "../../lib/words.ts";

const say = words(
  {
    cat_chelsea: "Cat", food_coffee: "Coffee", landscape_field: "Field", night_rocket: "Rocket", people_astronaut: "Astronaut", street_buses: "Buses",
    people: "A person walks", cars: "Cars from above",
    samples: "Samples", or: "Or try a sample", credits: "Where the samples come from", failed: "The sample {name} could not be fetched.",
  },
  {
    cat_chelsea: "猫", food_coffee: "咖啡", landscape_field: "田野", night_rocket: "火箭", people_astronaut: "宇航员", street_buses: "公交车",
    people: "行走的人", cars: "俯瞰汽车",
    samples: "示例", or: "或试试示例", credits: "示例来源", failed: "无法获取示例“{name}”。",
  },
);

const PICTURES = ["cat_chelsea", "food_coffee", "landscape_field", "night_rocket", "people_astronaut", "street_buses"] as const;
const VIDEOS = ["people", "cars"] as const;
type Sample = (typeof PICTURES)[number] | (typeof VIDEOS)[number];

function address(kind: "picture" | "video", sample: Sample): string {
  return kind === "video" ? `samples/video/${sample}.mp4` : `samples/${sample}.jpg`;
}

/** Fetches a sample. Fails with a sentence. */
export async function fetchSample(kind: "picture" | "video", sample: Sample): Promise<File> {
  const url = address(kind, sample);
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(String(response.status));
    const body = await response.blob();
    return new File([body], url.slice(url.lastIndexOf("/") + 1), { type: body.type });
  } catch {
    throw new Error(say("failed", { name: say(sample) }));
  }
}

/** The samples as small pictures. `heading`: with a line above them and one below that tells where they come from. */
export function Samples({ kind, heading, choose }: { kind: "picture" | "video"; heading: boolean; choose: (sample: Sample) => void }) {
  const samples: readonly Sample[] = kind === "video" ? VIDEOS : PICTURES;
  return (
    <div class="samples">
      {heading && <p class="quiet">{say("or")}</p>}
      <ul class="samples-list" aria-label={say("samples")}>
        {samples.map((sample) => (
          <li key={sample}>
            <button type="button" class="sample" onClick={() => choose(sample)}>
              <img src={`thumbnails/${sample}.jpg`} alt="" loading="lazy" decoding="async" width={96} height={72} draggable={false} />
              <span>{say(sample)}</span>
            </button>
          </li>
        ))}
      </ul>
      {heading && <a class="samples-credits" href={to("about")}>{say("credits")}</a>}
    </div>
  );
}

/** The name of the group, for the menu's button. */
export const samplesName = (): string => say("samples");
