// `make lighthouse`: what Lighthouse says of the page on a phone, the median of five runs. Exit code 1 where a score is under 95.

import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";
import { launching, program } from "./chromium.ts";
import { start } from "./emulator.ts";

const RUNS = 5;
const LEAST = 95;
const CATEGORIES = ["performance", "accessibility", "best-practices"];

const emulator = await start();
try {
  const scores: number[][] = [];
  const shifts: number[] = [];
  for (let run = 1; run <= RUNS; run += 1) {
    const flags = (await launching()).args ?? [];
    const chrome = await launch({ chromePath: await program(), chromeFlags: flags, logLevel: "silent" });
    try {
      const result = await lighthouse(emulator.page, { port: chrome.port, onlyCategories: CATEGORIES, formFactor: "mobile", logLevel: "error" });
      if (!result) throw new Error("Lighthouse gave no result");
      const { categories, audits } = result.lhr;
      scores.push(CATEGORIES.map((name) => Math.round((categories[name]?.score ?? 0) * 100)));
      shifts.push(audits["cumulative-layout-shift"]?.numericValue ?? Number.NaN);
      const lost = Object.values(categories).flatMap(({ auditRefs }) => auditRefs.filter(({ id, weight }) => weight > 0 && (audits[id]?.score ?? 1) < 0.9).map(({ id }) => id));
      console.log(`run ${run}: ${CATEGORIES.map((name, at) => `${name} ${scores.at(-1)?.[at]}`).join(", ")}, layout shift ${shifts.at(-1)?.toFixed(3)}${lost.length ? `; less than full: ${lost.join(", ")}` : ""}`);
    } finally {
      chrome.kill();
    }
  }
  const middle = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
  const medians = CATEGORIES.map((_, at) => middle(scores.map((run) => run[at] ?? 0)));
  console.log(`\nmedian of ${RUNS}: ${CATEGORIES.map((name, at) => `${name} ${medians[at]}`).join(", ")}, layout shift ${middle(shifts).toFixed(3)}`);
  if (medians.some((score) => score < LEAST)) process.exitCode = 1;
} finally {
  await emulator.stop();
}
