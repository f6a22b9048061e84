// What the functions' networks are called and what they do, in Chinese. By the text itself: what is told anew stays as it is told.

import { language } from "./words.ts";

const CHINESE: Record<string, string> = {
  "Rain and drops taken away": "去除雨丝和水珠",
  "Takes streaks of rain in the air and drops on the glass out of a picture.": "去掉照片里空中的雨丝和玻璃上的水珠。",
  "Light for dark pictures": "为昏暗的照片补光",
  "Brightens a dark picture by one curve chosen for the whole of it, and cleans the noise that this lifts.": "为整张照片选一条曲线来提亮，并清除随之显现的噪点。",
  "Haze removed with a code book of clear pictures": "用清晰图片的码本去雾",
  "Draws the hazy picture's features to codes learned from clear pictures, beside attention over neighbours near and far, fused under channel attention.":
    "把有雾图片的特征拉向从清晰图片学到的编码，同时关注远近邻域，再由通道注意力融合。",
  "Haze removed by the dark channel prior": "用暗通道先验去雾",
  "The classical method, without any learning: what is not black in the darkest channel of a patch is veil.": "经典方法，无需学习：小块中最暗通道里不黑的部分就是雾。",
  "Haze removed": "去除雾霾",
  "Takes haze and smoke out of a picture: the colour of the veil from the whole picture, its density at every pixel.": "去掉照片里的雾和烟：雾的颜色由整张照片得出，浓度逐像素估计。",
  "Twelve paintings in one network": "一个网络，十二幅画",
  "Paints a photograph anew in the manner of a painting, or of several mixed: strokes and palette are the painting's, the things stay where they are.":
    "用一幅画或几幅画混合的手法重新描绘照片：笔触和色彩来自画作，景物仍在原处。",
  "Enlarge x2": "放大 2 倍",
  "Enlarge x3": "放大 3 倍",
  "Enlarge x4": "放大 4 倍",
  "Enlarge x2, fast": "放大 2 倍（快速）",
  "Enlarge x3, fast": "放大 3 倍（快速）",
  "Enlarge x4, fast": "放大 4 倍（快速）",
  "Enlarges a picture twice; with `denoise` it also takes JPEG artefacts away.": "把图片放大到两倍；也可以同时去除 JPEG 压缩痕迹。",
  "Enlarges a picture three times; with `denoise` it also takes JPEG artefacts away.": "把图片放大到三倍；也可以同时去除 JPEG 压缩痕迹。",
  "Enlarges a picture four times; with `denoise` it also takes JPEG artefacts away.": "把图片放大到四倍；也可以同时去除 JPEG 压缩痕迹。",
  "Enlarges a picture twice in about an eighth of the default's time, a little softer.": "把图片放大到两倍，用时约为默认网络的八分之一，稍柔和。",
  "Enlarges a picture three times in about an eighth of the default's time, a little softer.": "把图片放大到三倍，用时约为默认网络的八分之一，稍柔和。",
  "Enlarges a picture four times in about an eighth of the default's time, a little softer.": "把图片放大到四倍，用时约为默认网络的八分之一，稍柔和。",
  "Ten everyday things": "十种常见事物",
  "Tells which of ten things a small picture shows: airplane, automobile, bird, cat, deer, dog, frog, horse, ship or truck.":
    "判断小图片是十种事物中的哪一种：飞机、汽车、鸟、猫、鹿、狗、青蛙、马、船或卡车。",
  "What is where": "什么在哪里",
  "Finds things of 80 kinds (COCO's) and boxes them: a starter, small and fast, taught from some two thousand photographs.":
    "找出 80 种事物（COCO 的类别）并画出方框：小而快的入门网络，用约两千张照片训练。",
};

/** A network's title or description in the language of the moment. */
export function toldNetwork(text: string): string {
  return (language.value === "zh" && Object.hasOwn(CHINESE, text) ? CHINESE[text] : undefined) ?? text;
}
