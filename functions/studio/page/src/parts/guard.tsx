// Keeps a failure to the part of the page that it happened in.

import { Component, type ComponentChildren } from "preact";
import { words } from "../lib/words.ts";
import { Notice } from "./notice.tsx";

const say = words({ wrong: "This part of the page failed: {what}", again: "Try again" }, { wrong: "页面的这一部分出错了：{what}", again: "重试" });

/** What is beside a part that fails stays usable. */
export class Guard extends Component<{ children: ComponentChildren }, { failure: unknown }> {
  override state = { failure: null as unknown };
  static override getDerivedStateFromError(failure: unknown) {
    return { failure };
  }
  override render() {
    const { failure } = this.state;
    if (!failure) return this.props.children;
    const what = failure instanceof Error ? failure.message : String(failure);
    return (
      <Notice problem={say("wrong", { what })}>
        <button type="button" onClick={() => this.setState({ failure: null })}>{say("again")}</button>
      </Notice>
    );
  }
}
