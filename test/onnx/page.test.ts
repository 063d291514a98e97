import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeImage } from '../../lib/image/decode'
import { Segmenter } from '../../lib/index'
import { exportModel } from '../../lib/onnx/export'
import { temporaryFolder } from '../api/tiny-clip'
import { scenePictures, trainedNetwork } from './trained'

/** Debian's: .ci/run installs it. */
const executablePath = spawnSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).stdout.trim()
const missing = 'no chromium here: apt-get install chromium'
const folder = await temporaryFolder()
const file = join(folder, 'predict.html')
let browser: Browser | undefined
let page: Page
let saved: string

beforeAll(async () => {
  saved = await trainedNetwork(folder, { backbone: 'mobilenet_v2', outputStride: 8 })
  await exportModel(saved, { format: 'onnx', into: join(folder, 'ground.onnx'), page: file })
  if (executablePath === '' && process.env.CI) throw new Error(missing)
  if (executablePath === '') return
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  page = await (await browser.newContext({ offline: true })).newPage()
  await page.goto(pathToFileURL(file).href)
  await page.waitForFunction("!/^loading/.test(document.getElementById('state').textContent)")
})
afterAll(() => browser?.close())

test('opened from the disk, without a network, it gets ready', async ({ skip }) => {
  skip(!browser, missing)
  expect(await page.textContent('#state')).toBe('ready: choose a picture')
  expect(await page.textContent('h1')).toBe('first, second, third')
  expect(statSync(file).size).toBeLessThan(25e6)
})

test("20 PNGs through the file picker: Segmenter's labels on 99.5% of the pixels, and what is no background is coloured", async ({
  skip,
}) => {
  skip(!browser, missing)
  await using segmenter = await Segmenter.load(saved)
  let [same, all, coloured] = [0, 0, 0]
  for (const png of await scenePictures(join(folder, 'pictures'), 20)) {
    const expected = await segmenter.segment(png)
    await page.setInputFiles('#file', png)
    // No two have the same width.
    await page.waitForFunction(`globalThis.wordmask.answer()?.width === ${expected.width}`)
    const labels = (await page.evaluate('[...wordmask.answer().labels]')) as number[]
    expect(labels.length).toBe(expected.labels.length)
    same += labels.filter((label, i) => label === expected.labels[i]).length
    all += labels.length
    const shown = (await page.evaluate("document.getElementById('view').toDataURL()")) as string
    const overlay = await sharp(Buffer.from(shown.split(',')[1]!, 'base64'))
      .removeAlpha()
      .raw()
      .toBuffer()
    const { data } = await decodeImage(png)
    const changed = (i: number) => [0, 1, 2].some((c) => overlay[3 * i + c] !== data[3 * i + c])
    expect(labels.some((label, i) => label === 0 && changed(i))).toBe(false)
    coloured += labels.filter((label, i) => label > 0 && changed(i)).length
  }
  expect(same / all).toBeGreaterThanOrEqual(0.995)
  expect(coloured / all).toBeGreaterThan(0.2)
})
