import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Clip } from '../../lib/clip/clip.js'
import { readLabelMap } from '../../lib/image/labels.js'
import type { Mask, Segmentation } from '../../lib/segmenter/segmentation.js'
import { Segmenter } from '../../lib/segmenter/segmenter.js'
import { root } from '../cli/cli.js'
import { picture, tinyModel } from '../cli/tiny.js'
import { expectClose } from '../helpers/close.js'
import { expectSameLabels, labelsOfMasks } from '../helpers/labels.js'

const folder = mkdtempSync(join(tmpdir(), 'wordmask-server-'))
const model = join(folder, 'model')
const pictures: string[] = []
const names = (i: number) => ['fox,grass', 'sky,sea,sand', 'dog'][i % 3] as string
let segmenter: Segmenter

interface Server {
  child: ChildProcess
  url: string
  ended: Promise<{ code: number | null; signal: string | null; stderr: string }>
}
const running: Server[] = []

/** The example as its own process, on a free port. */
async function serve(env: Record<string, string> = {}): Promise<Server> {
  const child = spawn(process.execPath, [join(root, 'examples', 'server.mjs')], {
    cwd: root,
    env: { ...process.env, PORT: '0', WORDMASK_CLIP: model, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (text) => {
    stderr += text
  })
  const ended = new Promise<Awaited<Server['ended']>>((resolve) => child.on('close', (code, signal) => resolve({ code, signal, stderr })))
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (text) => {
      const address = /listening on (\S+)/.exec(String(text))?.[1]
      if (address) resolve(address)
    })
    void ended.then((end) => reject(new Error(`the server ended: ${end.stderr}`)))
  })
  const server = { child, url, ended }
  running.push(server)
  return server
}

const post = (server: Server, query: string, body: Buffer) =>
  fetch(`${server.url}/segment?${query}`, { method: 'POST', headers: { 'content-type': 'image/png' }, body: new Uint8Array(body) })

beforeAll(async () => {
  await tinyModel(model)
  for (let i = 0; i < 4; i++) pictures.push(await picture(join(folder, `${i}.png`), 40 + 9 * i, 56, i + 1))
  segmenter = await Segmenter.create({ clip: await Clip.load(model) })
})
afterEach(() => {
  for (const { child } of running.splice(0)) child.kill('SIGKILL')
})
afterAll(() => {
  segmenter.clip.dispose()
  rmSync(folder, { recursive: true })
})

describe('the server example', () => {
  test('32 clients at once get what the API gives, as label maps and as masks; SIGTERM then ends it with 0', async () => {
    const direct = await Promise.all(pictures.map((file, i) => segmenter.segment(file, { classes: names(i).split(',') })))
    const masks = await Promise.all(direct.map((answer) => answer.masks()))
    const server = await serve()
    await Promise.all(
      Array.from({ length: 32 }, async (_, i) => {
        const which = i % pictures.length
        const expected = direct[which] as Segmentation
        const format = i < 16 ? 'png' : 'rle'
        const query = `names=${encodeURIComponent(names(which))}&format=${format}`
        const response = await post(server, query, readFileSync(pictures[which] as string))
        expect(response.status).toBe(200)
        if (format === 'rle') {
          const answer = (await response.json()) as { width: number; height: number; masks: Mask[] }
          const { width, height } = expected
          expect(answer).toMatchObject({ width, height })
          expectSameLabels(labelsOfMasks(answer.masks, width, height), expected.labels)
          const scores = (list: readonly Mask[]) => list.map(({ class: name, score }) => [name, score])
          expectClose(scores(answer.masks), scores(masks[which]!))
          return
        }
        const answer = join(folder, `answer-${i}.png`)
        writeFileSync(answer, Buffer.from(await response.arrayBuffer()))
        const { labels } = await readLabelMap(answer)
        expectSameLabels(labels, expected.labels)
      }),
    )
    server.child.kill('SIGTERM')
    expect(await server.ended).toEqual({ code: 0, signal: null, stderr: '' })
  })

  test('SIGTERM lets the request under way finish', async () => {
    const server = await serve()
    const large = readFileSync(await picture(join(folder, 'large.png'), 2400, 2400, 5))
    const answer = post(server, 'names=fox,grass', large)
    let settled = false
    void answer.finally(() => {
      settled = true
    })
    const working = async () => ((await (await fetch(`${server.url}/health`)).json()) as { working: number }).working
    while (!settled && (await working()) === 0);
    expect(settled).toBe(false)
    server.child.kill('SIGTERM')
    expect((await answer).status).toBe(200)
    expect((await server.ended).code).toBe(0)
  })

  test('more than may wait are told 503 and when to come back; the others are served', async () => {
    const server = await serve({ MAX_PENDING: '1' })
    const body = readFileSync(await picture(join(folder, 'busy.png'), 700, 700, 6))
    const answers = await Promise.all(Array.from({ length: 12 }, () => post(server, 'names=fox,grass', body)))
    const busy = answers.filter(({ status }) => status === 503)
    expect(busy.length).toBeGreaterThan(0)
    expect(answers.filter(({ status }) => status === 200).length).toBe(12 - busy.length)
    expect(busy[0]?.headers.get('retry-after')).toBe('1')
    expect(await busy[0]?.json()).toMatchObject({ code: 'ERR_WORDMASK_BUSY' })
  })

  test("bad bytes, bad names and no names are the client's mistake", async () => {
    const server = await serve()
    const good = readFileSync(pictures[0] as string)
    const cases = [
      ['names=fox', Buffer.from('no picture'), 422, 'ERR_WORDMASK_IMAGE'],
      ['names=fox,fox', good, 400, 'ERR_WORDMASK_CLASSES'],
      ['', good, 400, 'FST_ERR_VALIDATION'],
    ] as const
    for (const [query, body, status, code] of cases) {
      const response = await post(server, query, body)
      expect(response.status).toBe(status)
      expect(await response.json()).toMatchObject({ code })
    }
  })
})
