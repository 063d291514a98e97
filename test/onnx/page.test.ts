import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { type Browser, chromium, type Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeImage } from '../../lib/image/decode'
import { exportModel } from '../../lib/onnx/export'
import { temporaryFolder } from '../api/tiny-clip'
import { picture } from '../cli/tiny'
import { saveNetwork } from './saved'
import { drawWeights } from './weights'

/** Debian's: .ci/run installs it. */
const executablePath = spawnSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).stdout.trim()
const missing = 'no chromium here: apt-get install chromium'
const folder = await temporaryFolder()
const model = join(folder, 'fox.onnx')
const file = join(folder, 'predict.html')
let browser: Browser | undefined
let page: Page

beforeAll(async () => {
  await exportModel(await saveNetwork(join(folder, 'fox'), drawWeights('mobilenet', 5, 3)), { format: 'onnx', into: model, page: file })
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
  expect(await page.textContent('h1')).toBe('fox, grass, sky, sea')
  expect(statSync(file).size).toBeLessThan(25e6)
})

test('20 PNGs through the file picker: labels equal on 99.5% of the pixels, and an overlay is drawn', async ({ skip }) => {
  skip(!browser, missing)
  await mkdir(join(folder, 'pictures'))
  const session = await InferenceSession.create(model)
  for (let seed = 1; seed <= 20; seed++) {
    const png = await picture(join(folder, 'pictures', `${seed}.png`), 60 + 7 * seed, 150 - 4 * seed, seed)
    await page.evaluate('delete globalThis.shown')
    await page.setInputFiles('#file', png)
    await page.waitForFunction(`globalThis.wordmask.answer()?.width === ${60 + 7 * seed}`)
    const { labels, width, height } = (await page.evaluate(
      '(({ labels, width, height }) => ({ labels: [...labels], width, height }))(wordmask.answer())',
    )) as { labels: number[]; width: number; height: number }
    const { data } = await decodeImage(png)
    const expected = (await session.run({ image: new Tensor('uint8', data, [1, height, width, 3]) })).labels!.data as Uint8Array
    const same = labels.filter((label, i) => label === expected[i]).length
    expect(same / expected.length).toBeGreaterThanOrEqual(0.995)
    const shown = await sharp(
      Buffer.from(((await page.evaluate("document.getElementById('view').toDataURL()")) as string).split(',')[1]!, 'base64'),
    )
      .removeAlpha()
      .raw()
      .toBuffer()
    const other = labels.filter((label, i) => label > 0 && shown[i * 3] !== data[i * 3]).length
    expect(other).toBeGreaterThan(0)
  }
  await session.release()
})
