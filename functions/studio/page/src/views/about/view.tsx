// About: what the functions do and how well, where pictures go, the API, whose pictures these are, and a way to say something.

import { about } from "../../lib/about.ts";
import { functions } from "../../lib/functions.ts";
import { fnName } from "../../lib/names.ts";
import { words } from "../../lib/words.ts";
import { Guard } from "../../parts/guard.tsx";
import { Privacy } from "../../parts/privacy.tsx";
import { Credits } from "./credits.tsx";
import { About } from "./function.tsx";
import { followable } from "./link.ts";

const say = words(
  {
    title: "About Darkroom", intro: "Photographs made better: brighter, clearer, larger, painted, and told what is in them. Each function is one small program with a network of its own, trained in this project; networks that others have published can stand beside it.",
    version: "Version {version}", feedback: "Tell us what you think", functions: "The functions", privacy: "Where your pictures go", api: "For programs",
    apiMore: "Every function is an address that takes a picture and gives one back, or what is in it. Under each result stands the same request as a program; each function has a page of its own and a description for machines.",
    page: "Page", openapi: "OpenAPI", models: "Networks", name: "Function",
  },
  {
    title: "关于 Darkroom", intro: "让照片更好：更亮、更清晰、更大、如画，并说出画面里有什么。每个功能都是一个小程序，带有在本项目中训练的网络，旁边还可以有他人发表的网络。",
    version: "版本 {version}", feedback: "告诉我们你的想法", functions: "各个功能", privacy: "图片去了哪里", api: "供程序使用",
    apiMore: "每个功能都是一个地址，接收图片，返回图片或其中的内容。每个结果下方都有同一请求的程序；每个功能都有自己的页面和供机器读取的说明。",
    page: "页面", openapi: "OpenAPI", models: "网络", name: "功能",
  },
);

export default function View() {
  const all = functions.value ?? [];
  const told = about.value;
  const feedback = followable(told?.feedback);
  return (
    <div class="view about">
      <div class="view-head">
        <h1>{say("title")}</h1>
        <p class="about-intro">{say("intro")}</p>
        <div class="row">
          {feedback && <a class="button" href={feedback} rel="noreferrer" target="_blank">{say("feedback")}</a>}
          {told && <span class="quiet">{say("version", { version: told.version })}</span>}
        </div>
      </div>
      <section class="stack" aria-labelledby="about-functions">
        <h2 id="about-functions">{say("functions")}</h2>
        <div class="about-functions">{all.map((fn) => <Guard key={fn.name}><About fn={fn} /></Guard>)}</div>
      </section>
      <section class="stack" aria-labelledby="about-privacy">
        <h2 id="about-privacy">{say("privacy")}</h2>
        <Privacy />
      </section>
      <section class="stack" aria-labelledby="about-api">
        <h2 id="about-api">{say("api")}</h2>
        <p class="about-intro">{say("apiMore")}</p>
        <ul class="about-api">
          {all.map((fn) => (
            <li key={fn.name}>
              <strong>{fnName(fn.name)}</strong>
              <a href={fn.first.value.url}>{say("page")}<span class="hidden-words"> {fnName(fn.name)}</span></a>
              <a href={fn.first.value.at("openapi.json")}>{say("openapi")}<span class="hidden-words"> {fnName(fn.name)}</span></a>
              <a href={fn.first.value.at("models")}>{say("models")}<span class="hidden-words"> {fnName(fn.name)}</span></a>
            </li>
          ))}
        </ul>
      </section>
      <Credits />
    </div>
  );
}
