// What the functions tell of their paintings, in Chinese. By the text itself: what is told anew stays as it is told.

import { language } from "./words.ts";

const CHINESE: Record<string, string> = {
  "The Starry Night": "星月夜",
  "The Great Wave off Kanagawa": "神奈川冲浪里",
  "The Scream": "呐喊",
  "Composition VII": "构图第七号",
  "Water Lilies": "睡莲",
  "San Giorgio Maggiore at Dusk": "黄昏中的圣乔治马焦雷",
  "Bedroom in Arles": "在阿尔勒的卧室",
  "Starry Night Over the Rhône": "罗纳河上的星夜",
  "The Wreck of a Transport Ship": "运输船的海难",
  "Te Fare": "房子（Te Fare）",
  "In Bed": "在床上",
  "The Foyer of the Opera at Rue Le Peletier": "勒佩勒捷街歌剧院的舞蹈休息室",

  "Vincent van Gogh": "文森特·梵高",
  "Katsushika Hokusai": "葛饰北斋",
  "Edvard Munch": "爱德华·蒙克",
  "Wassily Kandinsky": "瓦西里·康定斯基",
  "Claude Monet": "克劳德·莫奈",
  "J. M. W. Turner": "J. M. W. 透纳",
  "Paul Gauguin": "保罗·高更",
  "Henri de Toulouse-Lautrec": "亨利·德·图卢兹-洛特雷克",
  "Edgar Degas": "埃德加·德加",

  "long parallel strokes that turn in whirls around every light": "平行的长笔触，围绕每一处光亮盘旋成漩涡",
  "even lines of a print, flat blues, claws of foam": "版画般均匀的线条，平涂的蓝色，利爪般的浪沫",
  "long wavy bands that run through sky, water and figure alike": "波浪形的长色带，贯穿天空、水面与人物",
  "bright patches and sharp crossing lines in every direction": "明亮的色块，朝各个方向交错的锐利线条",
  "loose crossing strokes, light patches floating on dark upright ones": "松散交错的笔触，明亮的色斑浮在深色的竖直笔触之上",
  "short level touches, warm over cool, shapes without edges": "短促的水平笔触，暖色叠在冷色之上，形体没有边缘",
  "plain areas of one colour with dark outlines, thick along the grain": "深色轮廓围成的单色块面，顺着木纹厚涂",
  "short level dashes, light falling in broken columns": "短促的水平线段，光影碎成一道道光柱",
  "sweeping curves of foam between deep shadow and light": "浪沫的曲线，在深影与亮光之间横扫而过",
  "broad quiet areas of strong colour, rounded contours": "大片沉静而浓烈的色彩，圆润的轮廓",
  "quick thin hatching along the folds, the board showing through": "顺着褶皱的快速细排线，透出底板",
  "fine soft brush, edges lost in warm dusk": "细腻柔和的笔触，边缘消融在温暖的暮色里",
  "learned from a picture of one's own": "从自己的一张图片学来",

  "yours to know": "由你自己判断",
  "public domain everywhere": "在世界各地均属公有领域",
  "public domain where life + 70 years holds, since 2015, and in the United States (before 1929)":
    "在保护期为作者去世后 70 年的国家（自 2015 年起）和美国（1929 年以前的作品）属公有领域",
};

/** A text of a painting in the language of the moment. */
export function told(text: string): string {
  return language.value === "zh" && Object.hasOwn(CHINESE, text) ? (CHINESE[text] ?? text) : text;
}

/** A year as a painting tells it: `1889`, `about 1831`, `1908-1912`. */
export function year(text: string): string {
  if (language.value !== "zh" || !/^(about )?\d{4}(-\d{4})?$/.test(text)) return text.replace("-", "–");
  return `${text.replace("about ", "约\u00a0").replace("-", "–")}\u00a0年`;
}
