// `make screenshots`: every view at three widths, light and dark, with real results in it, into out/studio/.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { listen, until, visit } from "./visit.ts";
import { camera } from "./camera-file.ts";
import { launching, root } from "./chromium.ts";
import { start } from "./emulator.ts";
import { give, sample } from "./person.ts";
import { VIEWS, go } from "./views.ts";

const SIZES = [[390, 844], [1280, 900], [2560, 1440]] as const;
const folder = join(root, "out/studio");

/** What is done in a view before it is photographed; its first address, name of the files, and the work. */
const SCENES: [place: string, name: string, work: (page: Page) => Promise<void>][] = [
  ["/enhance/lowlight", "enhance-result", async (page) => {
    await give(page, sample("night_rocket.jpg"));
    await page.getByRole("button", { name: "Brighten", exact: true }).click();
    await page.locator(".compare[data-ready=both]").waitFor();
  }],
  ["/enhance/derain", "batch", async (page) => {
    await give(page, ...["cat_chelsea", "food_coffee", "landscape_field", "people_astronaut", "street_buses"].map((name) => sample(`${name}.jpg`)));
    await page.getByRole("button", { name: /^Remove rain: / }).click();
    await until(async () => (await page.locator("main li[data-stage=done]").count()) === 5, "all are done");
  }],
  ["/styles/great-wave/starry-night", "styles-result", async (page) => {
    await give(page, sample("landscape_field.jpg"));
    await page.getByRole("button", { name: "Generate" }).click();
    await page.locator(".compare[data-ready=both]").waitFor();
  }],
  ["/classify", "classify-result", async (page) => {
    await give(page, sample("cat_chelsea.jpg"));
    await page.getByRole("button", { name: "Classify", exact: true }).click();
    await page.getByRole("list", { name: "Classes" }).waitFor();
  }],
  ["/detect/picture", "detect-result", async (page) => {
    await give(page, sample("street_buses.jpg"));
    await page.getByRole("button", { name: "Detect", exact: true }).click();
    await page.locator("button.found").first().waitFor();
  }],
  ["/detect/video", "video-result", async (page) => {
    await give(page, sample("video/cars.mp4"));
    await page.getByRole("button", { name: "Detect", exact: true }).click();
    await page.getByText("Every frame is done.").waitFor();
  }],
  ["/detect/camera", "camera-result", async (page) => {
    await page.getByRole("button", { name: "Start the camera" }).click();
    await until(async () => Number(await page.locator(".detect-stage").getAttribute("data-frames")) > 20, "frames are looked at");
    await page.getByRole("button", { name: "Pause" }).click();
  }],
  ["/history", "history-things", async (page) => void (await page.getByRole("link", { name: /^Open / }).first().waitFor())],
];

/** A view in every size and both themes. */
async function photograph(page: Page, name: string): Promise<void> {
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height });
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.evaluate(async () => {
        scrollTo(0, 0);
        for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
      });
      await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`) });
    }
  }
}

mkdirSync(folder, { recursive: true });
const emulator = await start();
try {
  const browser = await chromium.launch(await launching(`--use-file-for-fake-video-capture=${await camera()}`));
  const page = await (await visit(browser, {})).newPage();
  const complaints: string[] = [];
  listen(page, complaints);
  await page.goto(`${emulator.page}#/enhance`);
  for (const place of VIEWS) {
    await go(page, place);
    await photograph(page, place.slice(1).replaceAll("/", "-"));
  }
  for (const [place, name, work] of SCENES) {
    await page.setViewportSize({ width: 1280, height: 900 });
    await go(page, place);
    await work(page);
    await photograph(page, name);
  }
  await browser.close();
  console.log(`out/studio: ${(VIEWS.length + SCENES.length) * SIZES.length * 2} pictures${complaints.length ? `; the page complained:\n${complaints.join("\n")}` : ""}`);
} finally {
  await emulator.stop();
}
