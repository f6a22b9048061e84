// Why a request brought no answer, in words.

import { words } from "./words.ts";

export type Why = "offline" | "unreachable" | "key" | "busy" | "notReady" | "tooLarge" | "notAPicture" | "broken" | "refused" | "deadline" | "failed" | "strange" | "cut";

/** A request that brought no answer: a sentence for the person in `message`, the function's own in `detail`. */
export class Problem extends Error {
  readonly why: Why;
  readonly status: number;
  readonly detail: string | null;
  constructor(why: Why, status: number, detail: string | null, values: Record<string, string> = {}) {
    super(say(why, values));
    this.why = why;
    this.status = status;
    this.detail = detail;
  }
}

const say = words(
  {
    offline: "This device has no network. Your picture is still here: try again when it is back.",
    unreachable: "The function can't be reached. Check that it runs, then try again.",
    key: "This function asks for a key. Enter one under Status.",
    busy: "The function is busy with others. Try again in a moment.",
    notReady: "The function is not ready yet. Try again in a moment.",
    tooLarge: "The file is too large for this function. Let the page shrink it first.",
    notAPicture: "The function can't read this kind of file.",
    broken: "The file is broken: it can't be read.",
    refused: "The function did not accept the request.",
    deadline: "It took longer than the function allows. A smaller picture is faster.",
    failed: "Something went wrong in the function. Try again.",
    strange: "What came back is no answer of this function: something between here and it may have answered. Try again.",
    cut: "The connection broke before the answer was whole. Try again.",
  },
  {
    offline: "设备没有网络。图片还在，恢复后请重试。",
    unreachable: "无法连接到该功能。请确认它正在运行，然后重试。",
    key: "该功能需要密钥。请在“状态”中输入。",
    busy: "该功能正忙。请稍后再试。",
    notReady: "该功能尚未就绪。请稍后再试。",
    tooLarge: "文件对该功能来说太大。请先让页面缩小它。",
    notAPicture: "该功能无法读取这种文件。",
    broken: "文件已损坏，无法读取。",
    refused: "该功能没有接受请求。",
    deadline: "用时超过了允许的上限。图片小一些会更快。",
    failed: "功能内部出错。请重试。",
    strange: "收到的不是该功能的答复，可能是中间的某个环节作出了回应。请重试。",
    cut: "答复还没收完连接就断了。请重试。",
  },
);
