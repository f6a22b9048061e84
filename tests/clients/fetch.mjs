// JavaScript's own `fetch`, in Node.js as in a browser: a picture for a picture, then the same in JSON.
//
//     node tests/clients/fetch.mjs http://localhost:8081/ samples/night_rocket.jpg bright.jpg

import { readFile, writeFile } from 'node:fs/promises'

const [address, path, target] = process.argv.slice(2)
const photo = await readFile(path)

// A problem document says what was wrong, whatever the request was.
async function good(response) {
  if (response.ok) return response
  throw new Error(`${response.status}: ${(await response.json()).detail}`)
}

// A picture for a picture. In a browser `body` is the File of an <input type="file">.
const picture = await good(
  await fetch(address, { method: 'POST', body: photo, headers: { 'Content-Type': 'image/jpeg' } }),
)
await writeFile(target, new Uint8Array(await picture.arrayBuffer()))
console.log(`${target}: ${picture.headers.get('content-type')} by ${picture.headers.get('x-model')}`)

// JSON: base64 in, the envelope out. A large answer is not in the envelope but at the address that it names.
const envelope = await good(
  await fetch(address, {
    method: 'POST',
    body: JSON.stringify({ img_data: photo.toString('base64'), req_id: 'demo' }),
    headers: { 'Content-Type': 'application/json' },
  }),
)
const { req_id, msg, data } = await envelope.json()
const bytes = data.result_url
  ? new Uint8Array(await (await fetch(new URL(data.result_url, envelope.url))).arrayBuffer())
  : Buffer.from(data.enhance_result, 'base64')
console.log(`${req_id}: ${msg}, ${data.width} x ${data.height}, ${bytes.length} bytes`)
