import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seeded } from '../../lib/curate/random'
import { decodeImage } from '../../lib/image/decode'
import { Segmenter } from '../../lib/index'
import { exportModel } from '../../lib/onnx/export'
import { temporaryFolder } from '../api/tiny-clip'
import { scenePictures, trainedNetwork } from './trained'

/** Debian's: .ci/run installs it. */
const executablePath = spawnSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).stdout.trim()
const missing = 'no chromium here: apt-get install chromium'
/** For a browser that starts for the first time, and 14 MB of WebAssembly, on a busy machine: in ms. */
const patience = 100_000
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
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox'], timeout: patience })
  page = await (await browser.newContext({ offline: true })).newPage()
  page.setDefaultTimeout(patience)
  await page.goto(pathToFileURL(file).href)
  await page.waitForFunction("!/^loading/.test(document.getElementById('state').textContent)")
}, 4 * patience)
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

test('of a picture with transparent parts it sees the colours of the file, as Segmenter does, hidden ones too', async ({ skip }) => {
  skip(!browser, missing)
  const [width, height] = [131, 77]
  const next = seeded(5)
  const rgba = Uint8Array.from({ length: 4 * width * height }, (_, i) => (i % 12 === 3 ? 0 : i % 12 === 7 ? 255 : 256 * next()))
  const raw = { width, height, channels: 4 as const }
  const files = { 'a.png': sharp(rgba, { raw }).png(), 'a.webp': sharp(rgba, { raw }).webp({ lossless: true, exact: true }) }
  for (const [name, image] of Object.entries(files)) {
    const picture = join(folder, name)
    await image.toFile(picture)
    const { data } = await decodeImage(picture)
    await page.evaluate('void (globalThis.seen = wordmask.answer())')
    await page.setInputFiles('#file', picture)
    await page.waitForFunction('wordmask.answer() !== globalThis.seen')
    const seen = (await page.evaluate('[...wordmask.answer().data]')) as number[]
    expect(seen.filter((_, i) => i % 4 < 3)).toEqual([...data])
    expect(seen.every((value, i) => i % 4 < 3 || value === 255)).toBe(true)
  }
})

test('the slider sets the weight of the colours: none at 0, nothing else at 1', async ({ skip }) => {
  skip(!browser, missing)
  const [png] = await scenePictures(join(folder, 'weighed'), 1)
  await page.evaluate('void (globalThis.seen = wordmask.answer())')
  await page.setInputFiles('#file', png!)
  await page.waitForFunction('wordmask.answer() !== globalThis.seen')
  const labels = (await page.evaluate('[...wordmask.answer().labels]')) as number[]
  const { data } = await decodeImage(png!)
  const { colors } = JSON.parse((await page.textContent('#facts'))!) as { colors: number[][] }
  for (const weight of [0, 0.25, 1]) {
    await page.evaluate(
      `(() => { const range = document.getElementById('opacity'); range.value = '${weight}'; range.dispatchEvent(new Event('input')) })()`,
    )
    const shown = (await page.evaluate("document.getElementById('view').toDataURL()")) as string
    const overlay = await sharp(Buffer.from(shown.split(',')[1]!, 'base64')).removeAlpha().raw().toBuffer() // biome-ignore format: one call
    const expected = (i: number, c: number) =>
      labels[i] === 0 ? data[3 * i + c]! : data[3 * i + c]! * (1 - weight) + colors[labels[i]!]![c]! * weight
    const worst = Math.max(...labels.map((_, i) => Math.max(...[0, 1, 2].map((c) => Math.abs(overlay[3 * i + c]! - expected(i, c))))))
    expect(worst).toBeLessThanOrEqual(0.5 + 1e-9)
  }
  await page.evaluate("document.getElementById('opacity').value = '0.5'")
})
