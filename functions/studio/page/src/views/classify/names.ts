// Names of the ten classes in Chinese; another network's names stay as they are told.

import { language } from "../../lib/words.ts";

const CHINESE: Record<string, string> = {
  airplane: "飞机", automobile: "汽车", bird: "鸟", cat: "猫", deer: "鹿", dog: "狗", frog: "青蛙", horse: "马", ship: "船", truck: "卡车",
};

/** A class's name in the language of the moment. */
export function className(name: string): string {
  return language.value === "zh" && Object.hasOwn(CHINESE, name) ? (CHINESE[name] ?? name) : name;
}
