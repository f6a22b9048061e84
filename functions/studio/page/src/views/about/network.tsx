// One network of a function: paper, licence, weights, speed, and how well it does, in the precision that serves.

import { useState } from "preact/hooks";
import { licence } from "../../lib/catalogue.ts";
import type { Fn } from "../../lib/functions.ts";
import { toldNetwork } from "../../lib/networks.ts";
import type { Detail, Variant } from "../../lib/told.ts";
import { bytes, number, seconds, words } from "../../lib/words.ts";
import { Prose } from "../../parts/prose.tsx";
import { told } from "./chinese.ts";
import { followable } from "./link.ts";

const say = words(
  {
    usual: "usual", paper: "Paper", licence: "Licence", speed: "Speed", speedOf: "{size}: {seconds}, {threads} threads", precision: "Precision", weights: "Weights",
    weightsOf: "{size}, {parameters} parameters", digest: "SHA-256 {digest}…", measured: "Measured quality of {name}", set: "Pictures", measure: "Measure", before: "Before", after: "After",
    styles: "Paintings", noMeasures: "Nothing is measured.",
  },
  {
    usual: "默认", paper: "论文", licence: "许可", speed: "速度", speedOf: "{size}：{seconds}，{threads} 线程", precision: "精度", weights: "权重",
    weightsOf: "{size}，{parameters} 个参数", digest: "SHA-256 {digest}…", measured: "{name} 的测量质量", set: "图片集", measure: "指标", before: "处理前", after: "处理后",
    styles: "画作", noMeasures: "没有测量数据。",
  },
);

export function Network({ fn, variant, usual }: { fn: Fn; variant: Variant; usual: boolean }) {
  const [detail, setDetail] = useState<Detail | null>(null);
  const opened = (event: Event) => {
    if (!(event.currentTarget instanceof HTMLDetailsElement) || !event.currentTarget.open || detail) return;
    fn.detail(variant.name).then(setDetail, () => {
      // The weights are left out then.
    });
  };
  const paper = followable(variant.paper);
  const [title, description] = [toldNetwork(variant.title), toldNetwork(variant.description)];
  const speeds = variant.speed.filter((one) => one.precision === variant.serves);
  const weights = detail?.weights.filter((one) => one.precision === variant.serves) ?? [];
  return (
    <details class="about-network" onToggle={opened}>
      <summary><span lang={title === variant.title ? "en" : undefined}>{title}</span> <code class="quiet">{variant.name}</code>{usual && <span class="about-usual">{say("usual")}</span>}</summary>
      <div class="stack">
        <p lang={description === variant.description ? "en" : undefined}><Prose text={description} /></p>
        <dl class="about-facts">
          {paper && <div><dt>{say("paper")}</dt><dd><a href={paper} rel="noreferrer" target="_blank">{paper.replace(/^https?:\/\//, "")}</a></dd></div>}
          <div><dt>{say("licence")}</dt><dd lang={variant.terms === "free" ? "en" : undefined}>{licence(variant)}</dd></div>
          <div><dt>{say("precision")}</dt><dd>{variant.serves}</dd></div>
          {speeds.map((one) => (
            <div key={one.size}><dt>{say("speed")}</dt><dd>{say("speedOf", { size: one.size, seconds: one.seconds < 0.1 ? `${number(one.seconds * 1000, 1)} ms` : seconds(one.seconds), threads: one.threads })}</dd></div>
          ))}
          {weights.map((one) => (
            <div key={one.file}>
              <dt>{say("weights")}</dt>
              <dd>{say("weightsOf", { size: bytes(one.bytes), parameters: number(one.parameters ?? 0) })}<br /><code class="quiet">{say("digest", { digest: one.sha256.slice(0, 12) })}</code></dd>
            </div>
          ))}
        </dl>
        <Quality variant={variant} title={title} />
      </div>
    </details>
  );
}

function Quality({ variant, title }: { variant: Variant; title: string }) {
  const measured = variant.quality.filter((one) => one.precision === variant.serves);
  if (measured.length === 0) return <p class="quiet">{say("noMeasures")}</p>;
  const before = measured.some((one) => one.input !== undefined);
  return (
    <div class="about-table" tabIndex={0} role="region" aria-label={say("measured", { name: title })}>
      <table>
        <thead>
          <tr><th scope="col">{say("set")}</th><th scope="col">{say("measure")}</th>{before && <th scope="col" class="about-number">{say("before")}</th>}<th scope="col" class="about-number">{say("after")}</th></tr>
        </thead>
        <tbody>
          {measured.map((one, index) => (
            <tr key={index}>
              <td>{told(one.set)}</td>
              <td>{told(one.metric)}{one.unit !== "1" && ` (${told(one.unit)})`}</td>
              {before && <td class="about-number">{one.input === undefined ? "" : digits(one.input)}</td>}
              <td class="about-number">{digits(one.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Two digits after the point for what is large, four for what is small. */
function digits(value: number): string {
  return number(value, Math.abs(value) >= 2 ? 2 : 4);
}
