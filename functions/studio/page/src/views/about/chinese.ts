// What the functions tell of their networks, in Chinese. By the text itself: what is told anew stays as it is told.

import { language } from "../../lib/words.ts";

const CHINESE: Record<string, string> = {
  // Networks
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
  "Enlarges a picture twice in about a tenth of the default's time, a little softer.": "把图片放大到两倍，用时约为默认网络的十分之一，稍柔和。",
  "Enlarges a picture three times in about a tenth of the default's time, a little softer.": "把图片放大到三倍，用时约为默认网络的十分之一，稍柔和。",
  "Enlarges a picture four times in about a tenth of the default's time, a little softer.": "把图片放大到四倍，用时约为默认网络的十分之一，稍柔和。",
  "Ten everyday things": "十种常见事物",
  "Tells which of ten things a small picture shows: airplane, automobile, bird, cat, deer, dog, frog, horse, ship or truck.":
    "判断小图片是十种事物中的哪一种：飞机、汽车、鸟、猫、鹿、狗、青蛙、马、船或卡车。",
  "What is where": "什么在哪里",
  "Finds things of 80 kinds (COCO's) and boxes them: a starter, small and fast, taught from some two thousand photographs.":
    "找出 80 种事物（COCO 的类别）并画出方框：小而快的入门网络，用约两千张照片训练。",
  // Measures
  "least gain": "最小增益",
  "dB gained, least": "最小增益（dB）",
  "PSNR to itself": "与原图的 PSNR",
  "exposure off .6, mean": "偏离曝光 0.6（平均）",
  "colour share shift, median": "色彩比例偏移（中位）",
  "colour share shift, worst": "色彩比例偏移（最差）",
  "rank correlation, worst": "等级相关（最差）",
  "darkest channel, mean": "最暗通道（平均）",
  "frame, worst": "边框（最差）",
  "style loss, all styles": "风格损失（所有风格）",
  "content loss, all styles": "内容损失（所有风格）",
  "top-1": "首选正确率",
  "calibration error": "校准误差",
  "% off": "%",
  // Sets of pictures
  "raindrop 4 pairs": "水珠 4 对",
  "Kodak 12, without rain": "Kodak 12，无雨",
  "Kodak 12, gamma 2.5/3.2/4, noise 3/255": "Kodak 12，伽马 2.5/3.2/4，噪声 3/255",
  "Haze 22 pairs": "雾 22 对",
  "heavy 10": "浓雾 10",
  "light 10": "薄雾 10",
  "SOTS outdoor 2": "SOTS 室外 2",
  "Real haze 12": "真实雾 12",
  "Set5, JPEG 40, denoise 0": "Set5，JPEG 40，去噪 0",
  "Set5, JPEG 40, denoise 1": "Set5，JPEG 40，去噪 1",
  "five photographs, 512 px": "五张照片，512 像素",
  "CIFAR-10 test, JPEG q75": "CIFAR-10 测试集，JPEG q75",
  "coco128-val 72": "coco128-val 72",
};

/** A text that a function tells of its networks, in the language of the moment. */
export function told(text: string): string {
  if (language.value !== "zh") return text;
  const style = /^style loss, (.+)$/.exec(text)?.[1];
  return (Object.hasOwn(CHINESE, text) ? CHINESE[text] : undefined) ?? (style ? `风格损失（${style}）` : text);
}
