// The request just made, as a program that runs as it stands: curl, Python, JavaScript, `darkroom`.

import { ending } from "./picture.ts";
import { requestUrl, type Ask } from "./send.ts";

/** What the programs are made of; `file` is the name of the picture or video on the person's side. */
export type Asked = Pick<Ask, "fn" | "at" | "route" | "options" | "accept">;

export const LANGUAGES = ["curl", "Python", "JavaScript", "darkroom"] as const;
export type ProgramLanguage = (typeof LANGUAGES)[number];

const TYPES: Record<string, string> = {
  jpg: "image/jpeg", jpeg: "image/jpeg", png: "image/png", webp: "image/webp", gif: "image/gif", bmp: "image/bmp", tif: "image/tiff",
  tiff: "image/tiff", mp4: "video/mp4", avi: "video/x-msvideo", webm: "video/webm", mov: "video/quicktime", mkv: "video/x-matroska",
};

/** A program that does the request again and writes the answer beside the file. */
export function program(language: ProgramLanguage, ask: Asked, file: string): string {
  const plain = file || "photo.jpg";
  const at = ask.at ?? ask.fn.first.value;
  const parts: Parts = {
    ask,
    file: plain,
    type: TYPES[fileEnding(plain)] ?? "application/octet-stream",
    output: `${plain.replace(/\.[^.]*$/, "")}-${ask.fn.name}.${answerEnding(ask, plain)}`,
    url: at.url,
    keyed: at.told.value?.keys ?? false,
  };
  switch (language) {
    case "curl": return curl(parts);
    case "Python": return python(parts);
    case "JavaScript": return javascript(parts);
    case "darkroom": return darkroom(parts);
  }
}

interface Parts {
  ask: Asked;
  file: string;
  /** Media type of the file. */
  type: string;
  /** Name of the file that the answer is written to. */
  output: string;
  /** Where it was asked. */
  url: string;
  /** Whether a key has to be sent. */
  keyed: boolean;
}

function fileEnding(file: string): string {
  return /\.([^.]+)$/.exec(file)?.[1]?.toLowerCase() ?? "";
}

/** The ending of the answer's file, by what was asked for; a picture that names no type comes back in its own where that can be written. */
function answerEnding({ accept, options }: Asked, file: string): string {
  if (accept.startsWith("video/")) return accept === "video/mp4" ? "mp4" : "avi";
  if (/ndjson|jsonl/.test(accept)) return "jsonl";
  if (accept.includes("json")) return "json";
  const format = options["format"];
  if (typeof format === "string" && format) return format === "jpeg" ? "jpg" : format;
  const exact = ending(accept);
  if (exact !== "bin") return exact;
  const own = fileEnding(file);
  return own === "jpeg" || own === "jpg" ? own : own === "webp" ? "webp" : "png";
}

/** One word of a POSIX shell, whatever is in it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A name that no program takes for an option or for its standard input. */
function local(file: string): string {
  return file.startsWith("-") || file.startsWith("@") ? `./${file}` : file;
}

/** A string of Python and of JavaScript; JSON's is one of both. */
function literal(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function curl({ ask, file, type, output, keyed }: Parts): string {
  return [
    "curl --fail --globoff",
    `--header ${quoted(`Content-Type: ${type}`)}`,
    `--header ${quoted(`Accept: ${ask.accept}`)}`,
    ...(keyed ? [`--header "Authorization: Bearer $DARKROOM_KEY"`] : []),
    `--data-binary ${quoted(`@${local(file)}`)}`,
    `--output ${quoted(local(output))}`,
    quoted(requestUrl(ask)),
  ].join(" \\\n  ");
}

function python({ ask, file, type, output, keyed }: Parts): string {
  const options = Object.entries(ask.options).map(([name, value]) => `${literal(name)}: ${typeof value === "number" ? value : literal(String(value))}`);
  return `${keyed ? "import os\n" : ""}import requests

with open(${literal(file)}, "rb") as picture:
    answer = requests.post(
        ${literal(requestUrl({ ...ask, options: {} }))},
        params={${options.join(", ")}},
        headers={
            "Content-Type": ${literal(type)},
            "Accept": ${literal(ask.accept)},${keyed ? `\n            "Authorization": "Bearer " + os.environ["DARKROOM_KEY"],` : ""}
        },
        data=picture,
    )
answer.raise_for_status()
with open(${literal(output)}, "wb") as result:
    result.write(answer.content)
`;
}

function javascript({ ask, file, type, output, keyed }: Parts): string {
  return `// Node 18 or newer, as a file .mjs; in a browser \`body\` is the File of an <input type="file">.
import { readFile, writeFile } from "node:fs/promises";

const answer = await fetch(${literal(requestUrl(ask))}, {
  method: "POST",
  headers: {
    "Content-Type": ${literal(type)},
    "Accept": ${literal(ask.accept)},${keyed ? "\n    \"Authorization\": `Bearer ${process.env.DARKROOM_KEY}`," : ""}
  },
  body: await readFile(${literal(file)}),
});
if (!answer.ok) throw new Error(await answer.text());
await writeFile(${literal(output)}, Buffer.from(await answer.arrayBuffer()));
`;
}

/** The command line draws a video's boxes by the ending of its output; it takes a key from DARKROOM_KEY by itself. */
function darkroom({ ask, file, output, url }: Parts): string {
  const { render, ...options } = ask.options;
  const result = render ? `${output.replace(/\.[^.]*$/, "")}.${render}` : output;
  return [
    `darkroom run ${quoted(ask.fn.name)} ${quoted(local(file))}`,
    `--url ${quoted(url)}`,
    ...Object.entries(options).map(([name, value]) => `--opt ${quoted(`${name}=${value}`)}`),
    `--output ${quoted(local(result))}`,
  ].join(" \\\n  ");
}
