import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { WordmaskError } from '../errors'
import { writeAtomicParts } from '../run/atomic'
import type { Color } from '../text/colors'
import { predictScript } from './page-script'

/** What the page says and draws; names and colours by label. */
export interface PageFacts {
  names: string[]
  colors: Color[]
  /** Label 0 is background, which is left as it is. */
  background: boolean
  licence: string
}

/** The version that the page has been tested with. */
const runtimeVersion = '1.30.0'
/** Bytes between two writes. */
const bytesAtOnce = 1 << 16

const runtimeFiles = { code: 'ort.wasm.bundle.min.mjs', wasm: 'ort-wasm-simd-threaded.wasm' }

/**
 * Writes a page that asks for a picture and shows the model's answer over it. Model and runtime are inside, so that it opens from
 * the disk, without a server or a network: 20 MB and the model's size by 4/3. @param model its file, in parts
 * @throws ERR_WORDMASK_FILE_NOT_FOUND where onnxruntime-web is not installed; ERR_WORDMASK_IO
 */
export async function writePredictPage(file: string, model: readonly Uint8Array[], facts: PageFacts): Promise<void> {
  const [code, wasm] = await Promise.all([runtimeFile(runtimeFiles.code), runtimeFile(runtimeFiles.wasm)])
  const name = facts.names.slice(facts.background ? 1 : 0).join(', ')
  const head = [
    `<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>${escapeHtml(name)}</title>\n<style>${style}</style>\n</head>\n<body>\n`,
    `<h1>${escapeHtml(name)}</h1>\n<p><input type="file" id="file" accept="image/*" disabled> <label>colours <input type="range" id="opacity" max="1" step="0.05" value="0.5"></label></p>\n`,
    `<p id="state">loading</p>\n<canvas id="view"></canvas>\n<ul id="legend"></ul>\n<p class="small">Licence of the model: ${escapeHtml(facts.licence)}. Nothing leaves this page.</p>\n`,
    `<script type="application/json" id="facts">${JSON.stringify(facts).replaceAll('<', '\\u003c')}</script>\n`,
  ]
  await writeAtomicParts(file, pieces())

  async function* pieces(): AsyncGenerator<string> {
    yield* head
    for (const [id, parts] of Object.entries({ code: [code], wasm: [wasm], model })) {
      yield `<script type="text/plain" id="${id}">`
      yield* base64(parts)
      yield '</script>\n'
    }
    yield `<script type="module">${predictScript}</script>\n</body>\n</html>\n`
  }
}

/** What many parts are together, in pieces. */
function* base64(parts: readonly Uint8Array[]): Generator<string> {
  let rest = Buffer.alloc(0)
  for (const part of parts) {
    for (let from = 0; from < part.length; from += bytesAtOnce) {
      const bytes = Buffer.concat([rest, part.subarray(from, from + bytesAtOnce)])
      const whole = bytes.length - (bytes.length % 3)
      yield bytes.toString('base64', 0, whole)
      rest = bytes.subarray(whole)
    }
  }
  yield rest.toString('base64')
}

async function runtimeFile(name: string): Promise<Buffer> {
  try {
    return await readFile(path.join(path.dirname(createRequire(__filename).resolve('onnxruntime-web')), name))
  } catch (cause) {
    throw new WordmaskError(
      'ERR_WORDMASK_FILE_NOT_FOUND',
      `The page needs the package onnxruntime-web, whose ${name} cannot be read. Next: npm install onnxruntime-web@${runtimeVersion}`,
      { cause },
    )
  }
}

const escapeHtml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

const style = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
canvas { max-width: 100%; display: block }
ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .3rem 1.2rem }
li::before { content: ''; display: inline-block; width: .9em; height: .9em; margin-right: .4em; background: var(--color); border: 1px solid #555 }
.small { color: #666; font-size: 13px }
`
