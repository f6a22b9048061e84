// What a WeChat mini program finds around it, as far as the style program's `generate` uses it: the upload is a real form
// over HTTP and the file a real file; the cloud and the screen are lines on standard output.

import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'

export const wx = {
  env: { USER_DATA_PATH: '.' },

  async uploadFile({ url, filePath, name, formData, success }) {
    const form = new FormData()
    form.append(name, new Blob([readFileSync(filePath)]), basename(filePath))
    for (const [field, value] of Object.entries(formData)) form.append(field, String(value))
    const response = await fetch(url, { method: 'POST', body: form })
    const data = await response.text()
    if (!response.ok) {
      // The mini program is silent here; a person at a terminal is not left alone with that.
      console.error(`${response.status} ${data}`)
      process.exitCode = 1
    }
    success({ statusCode: response.status, data })
  },

  getFileSystemManager: () => ({
    writeFile({ filePath, data, encoding }) {
      writeFileSync(filePath, data, encoding)
      console.log(`written: ${filePath}`)
    },
  }),

  cloud: {
    uploadFile({ cloudPath, success }) {
      console.log(`to the cloud: ${cloudPath}`)
      success({ fileID: cloudPath })
    },
  },

  showToast: ({ title }) => console.log(title),
  showLoading: ({ title }) => console.log(title),
  hideLoading() {},
}

export const Notify = ({ message }) => console.log(message)

export const db = {
  collection: (name) => ({ add: ({ data }) => console.log(`${name}: ${JSON.stringify(data)}`) }),
}

// A page, with the `setData` that takes paths like `list[0].proUrl`.
export function page(definition) {
  return {
    ...definition,
    setData(changes) {
      for (const [path, value] of Object.entries(changes)) {
        const steps = path.split(/[.[\]]+/).filter(Boolean)
        const last = steps.pop()
        steps.reduce((at, step) => at[step], this.data)[last] = value
      }
    },
  }
}
