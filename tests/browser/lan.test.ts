// `make run HOST=0.0.0.0`: the page and a function by HTTPS, at this machine's own address on its network; plain HTTP for itself alone.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFileSync, statSync } from "node:fs";
import { request as askPlainly, type IncomingMessage } from "node:http";
import { request } from "node:https";
import { hostname } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { chromium, type Page } from "playwright-core";
import { launching, root } from "./chromium.ts";
import { printed, readCode } from "./code.ts";
import { freePort, run } from "./emulator.ts";
import { give, sample } from "./person.ts";
import { until } from "./visit.ts";
import { settled } from "./views.ts";

const TEST_MS = 180_000;
const KEPT = join(root, ".tools/certificates");
const picture = sample("cat_chelsea.jpg").buffer;

interface Answer {
  status: number;
  type: string;
  body: Buffer;
}

async function whole(asking: ReturnType<typeof request>, body?: Buffer): Promise<Answer> {
  asking.end(body);
  const [answer] = (await once(asking, "response")) as [IncomingMessage];
  return { status: answer.statusCode ?? 0, type: answer.headers["content-type"] ?? "", body: Buffer.concat(await answer.toArray()) };
}

/** Asks by HTTPS, trusting the authority that was made, and none besides. The path goes out as it is. */
function ask(base: string, path: string, body?: Buffer): Promise<Answer> {
  const { hostname: host, port } = new URL(base);
  const headers = body ? { "content-type": "image/jpeg", "content-length": body.length, "cache-control": "no-store" } : {};
  return whole(request({ host, port, path, method: body ? "POST" : "GET", headers, ca: readFileSync(join(KEPT, "ca.crt")), agent: false }), body);
}

describe("lan", { timeout: TEST_MS }, () => {
  let port = 0;
  let text = "";
  let page = "";
  let own = "";
  let stop = async () => {};

  before(async () => {
    // 443 further on stands HTTPS.
    do port = await freePort();
    while (port + 443 > 65_535);
    ({ text, stop } = await run(["--host", "0.0.0.0", String(port), "lowlight", "studio"], "for no site of the internet"));
    page = /^ +(https:\S+\/lambda-url\/\S+\/)$/m.exec(text)?.[1] ?? "";
    own = new URL(page).hostname;
  });
  after(() => stop());

  // proves: O22
  test("the printed address is of the network, and its QR code says the same", () => {
    assert.match(page, /^https:\/\/[\d.]+:\d+\/lambda-url\/studio\/$/, text);
    assert.doesNotMatch(own, /^127\./);
    assert.equal(readCode(printed(text)), page);
    assert.match(text, new RegExp(`Open the page: http://localhost:${port}/lambda-url/studio/`), "this machine's own address is what it was");
  });

  // proves: O22
  test("the certificate is for the printed address and this machine's names, and the keys are their owner's alone", async () => {
    const [authority, server] = ["ca", "server"].map((name) => new X509Certificate(readFileSync(join(KEPT, `${name}.crt`)))) as [X509Certificate, X509Certificate];
    for (const address of [own, "127.0.0.1", "::1"]) assert.equal(server.checkIP(address), address);
    for (const name of ["localhost", hostname().toLowerCase()]) assert.equal(server.checkHost(name), name);
    assert.ok(server.verify(authority.publicKey) && authority.ca && !server.ca);
    for (const name of ["ca", "server"]) assert.equal(statSync(join(KEPT, `${name}.key`)).mode & 0o777, 0o600, name);
    const told = await ask(page, "/ca.crt");
    assert.equal(told.type, "application/x-x509-ca-cert");
    assert.equal(new X509Certificate(told.body).fingerprint256.replaceAll(":", " "), /SHA-256 ([\dA-F ]+)$/m.exec(text)?.[1]);
    await assert.rejects(whole(request(page)), { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" }, "who has not learned the authority is warned");
  });

  // proves: O22, S15
  test("many requests at once are answered by HTTPS as they are by plain HTTP", async () => {
    const path = "/lambda-url/lowlight/?format=png";
    const headers = { "content-type": "image/jpeg", "cache-control": "no-store" };
    const plain = await whole(askPlainly({ port, path, method: "POST", headers }), picture);
    assert.equal(plain.status, 200, String(plain.body));
    const all = await Promise.all(Array.from({ length: 12 }, () => ask(page, path, picture)));
    for (const one of all) assert.ok(one.status === 200 && one.body.equals(plain.body), `${one.status} ${one.type}`);
    const wrong = await ask(page, path, Buffer.from("hello"));
    assert.deepEqual([wrong.status, wrong.type], [415, "application/problem+json"], "problems come through as they are");
  });

  // proves: O22
  test("function URLs alone are open to the network, and nothing by plain HTTP", async () => {
    for (const path of [
      "/2015-03-31/functions/lowlight/invocations",
      "/.rt/lowlight/2018-06-01/runtime/invocation/next",
      "/lambda-url/lowlight/../../.rt/lowlight/2018-06-01/runtime/invocation/next",
      "/lambda-url/lowlight/%2e%2e/%2e%2e/2015-03-31/functions/lowlight/invocations",
    ]) assert.equal((await ask(page, path)).status, 404, path);
    await assert.rejects(whole(askPlainly({ host: own, port })), { code: "ECONNREFUSED" });
    await assert.rejects(whole(askPlainly({ host: own, port: port + 443 })), /socket hang up|ECONNRESET/);
  });

  // proves: O22, B11
  test("a browser that trusts the key has the page in a secure context: camera, clipboard, offline copy, and an answer", async () => {
    const stranger = await chromium.launch(await launching());
    try {
      await assert.rejects((await stranger.newPage()).goto(page), /ERR_CERT_AUTHORITY_INVALID/, "one that has not learned it is warned");
    } finally {
      await stranger.close();
    }
    // The pinned browser reads no list of authorities that a test could add to: it is told the server's key instead, and trusts no other.
    const spki = new X509Certificate(readFileSync(join(KEPT, "server.crt"))).publicKey.export({ type: "spki", format: "der" });
    const browser = await chromium.launch(await launching(`--ignore-certificate-errors-spki-list=${createHash("sha256").update(spki).digest("base64")}`));
    try {
      const context = await browser.newContext({ locale: "en-GB", permissions: ["camera", "clipboard-read", "clipboard-write"] });
      const tab = await context.newPage();
      await tab.goto(`${page}#/enhance/lowlight`);
      await settled(tab);
      assert.deepEqual(await able(tab), { secure: true, camera: "live", clipboard: "from the page" });
      await until(() => tab.evaluate(async () => (await navigator.serviceWorker.ready).active?.state === "activated"), "the page's files are kept");
      await give(tab, sample("cat_chelsea.jpg"));
      await tab.getByRole("button", { name: "Brighten", exact: true }).click();
      await tab.getByRole("region", { name: "Result" }).waitFor();
    } finally {
      await browser.close();
    }
  });
});

/** What browsers give to secure contexts alone. */
function able(tab: Page): Promise<{ secure: boolean; camera: string; clipboard: string }> {
  return tab.evaluate(async () => {
    const [track] = (await navigator.mediaDevices.getUserMedia({ video: true })).getVideoTracks();
    await navigator.clipboard.writeText("from the page");
    const told = { secure: isSecureContext, camera: track?.readyState ?? "none", clipboard: await navigator.clipboard.readText() };
    track?.stop();
    return told;
  });
}

// proves: O22
test("lan: a HOST that cannot be listened on is refused by one line, before anything is started", async () => {
  const port = await freePort();
  for (const [host, line] of [
    ["203.0.113.9", "run: HOST=203.0.113.9 is not an address of this machine; 0.0.0.0 is every one of them\n"],
    ["everywhere", "run: HOST=everywhere is not an IP address; 0.0.0.0 lets the local network in\n"],
  ] as const) {
    const { status, stdout, stderr } = spawnSync("python3", ["tools/run.py", "--host", host, String(port), "lowlight"], { cwd: root, encoding: "utf8" });
    assert.deepEqual([status, stdout, stderr], [1, "", line]);
  }
});
