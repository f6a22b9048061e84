// What the functions tell of the quality of their networks, in Chinese. By the text itself: what is told anew stays as it is told.

import { language } from "../../lib/words.ts";

const CHINESE: Record<string, string> = {
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

/** A measure or a set of pictures, in the language of the moment. */
export function told(text: string): string {
  if (language.value !== "zh") return text;
  const style = /^style loss, (.+)$/.exec(text)?.[1];
  return (Object.hasOwn(CHINESE, text) ? CHINESE[text] : undefined) ?? (style ? `风格损失（${style}）` : text);
}
