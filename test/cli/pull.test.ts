import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findLibTorch } from '../../lib/setup/index.js'
import { FakeHub, type Seen, sha256 } from '../hub/fake-hub.js'
import { events, start, wordmask } from './cli.js'
import { picture, tinyModel } from './tiny.js'

const commit = '0123456789abcdef0123456789abcdef01234567'
const scratch = mkdtempSync(join(tmpdir(), 'wordmask-pull-'))
const id = 'hf-hub:org/tiny'
let hub: FakeHub
let weights: Buffer
let cache: string
let cases = 0

beforeAll(async () => {
  hub = await FakeHub.start()
  const model = await tinyModel(join(scratch, 'model'))
  weights = readFileSync(join(model, 'open_clip_model.safetensors'))
  const config = readFileSync(join(model, 'open_clip_config.json'))
  hub.repositories['org/tiny'] = {
    commit,
    card: { license: 'cc-by-4.0' },
    files: { 'open_clip_config.json': config, 'open_clip_model.safetensors': weights },
  }
})
beforeEach(() => {
  cache = join(scratch, `cache-${cases++}`)
  hub.seen.length = 0
  hub.trouble = () => false
  delete hub.repositories['org/tiny']!.token
})
afterAll(async () => {
  await hub.close()
  rmSync(scratch, { recursive: true, force: true })
})

const libtorch = findLibTorch().root
const environment = (more: Record<string, string> = {}) => ({
  ...{ HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: cache, HOME: scratch, WORDMASK_LIBTORCH: libtorch },
  ...more,
})
const pull = (args: string[], more?: Record<string, string>) => wordmask(['model', 'pull', ...args], { env: environment(more) })
const ofWeights = ({ host, path }: Seen) => host === 'files' && path.endsWith('.safetensors')
const blobs = () => join(cache, 'models--org--tiny', 'blobs')
const incomplete = () => join(blobs(), `${sha256(weights)}.incomplete`)

describe('model pull', () => {
  test('the licence is the first line, then what is to come; afterwards the ID is known to info, list and segment', async () => {
    const { code, stdout, stderr } = await pull([id])
    expect(stderr.split('\n').slice(0, 2)).toEqual([
      'licence: cc-by-4.0',
      expect.stringMatching(new RegExp(`^from ${hub.endpoint}/org/tiny: 2 of 2 files to fetch, \\d+ MiB$`)),
    ])
    expect(stdout).toMatch(/^hf-hub:org\/tiny is here: .*\nUse it: wordmask segment .*--clip hf-hub:org\/tiny\n$/)
    expect(code).toBe(0)

    const env = environment({ HF_HUB_OFFLINE: '1' })
    const [told] = events((await wordmask(['model', 'info', id, '--json'], { env })).stdout)
    expect(told).toMatchObject({ family: 'clip', runnable: true })
    const image = await picture(join(scratch, 'one.png'), 40, 40, 1)
    const args = ['segment', image, '--classes', 'fox,sea', '--clip', id, '--templates', 'none', '--into', join(cache, 'out')]
    const segment = await wordmask(args, { env })
    expect(segment.stderr).toBe('')
    expect(segment.code).toBe(0)
    expect(hub.fetched('open_clip_model.safetensors')).toHaveLength(1)
  })

  test('--json: the plan with its licence comes before the first byte, the path comes last', async () => {
    const told = events((await pull([id, '--json'])).stdout)
    expect(told.map(({ event }) => event)).toEqual(['plan', 'pulled'])
    expect(told[0]).toMatchObject({ id, licence: 'cc-by-4.0', source: `${hub.endpoint}/org/tiny` })
    expect(existsSync(join(told[1]!.path, 'open_clip_model.safetensors'))).toBe(true)
    const again = events((await pull([id, '--json'])).stdout)
    expect(again[0]).toMatchObject({ bytes: 0 })
    expect(hub.fetched('open_clip_model.safetensors')).toHaveLength(1)
  })

  test('Ctrl-C in the middle: exit 130, what came is kept, the same command goes on there', async () => {
    const half = weights.length >> 1
    let stalled = false
    hub.trouble = (seen, response) => {
      if (!ofWeights(seen) || stalled) return false
      stalled = true
      response.writeHead(200, { 'content-length': weights.length })
      response.write(weights.subarray(0, half))
      return true
    }
    const running = start(['model', 'pull', id], { env: environment() })
    const deadline = Date.now() + 40_000
    while (!existsSync(incomplete()) || readFileSync(incomplete()).length < half) {
      if (Date.now() > deadline) throw new Error('nothing came')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    running.child.kill('SIGINT')
    const ended = await running.ended
    expect(ended.code).toBe(130)
    expect(ended.stderr).not.toMatch(/^error/m)
    expect(readdirSync(blobs()).filter((name) => name.endsWith('.lock'))).toEqual([])
    expect((await pull([id])).code).toBe(0)
    expect(hub.fetched('open_clip_model.safetensors').map(([, range]) => range)).toEqual([undefined, `bytes=${half}-`])
    expect(readFileSync(join(blobs(), sha256(weights))).equals(weights)).toBe(true)
  })

  test('offline: nothing is asked of any server, exit 1 with the line to type', async () => {
    const { code, stderr } = await pull([id], { HF_HUB_OFFLINE: '1' })
    expect(stderr).toMatch(/HF_HUB_OFFLINE=0 npx wordmask model pull hf-hub:org\/tiny[^]*ERR_WORDMASK_DOWNLOAD/)
    expect(code).toBe(1)
    expect(hub.seen).toEqual([])
  })

  test('a gated repository: without a token how to get one, with HF_TOKEN it comes; the token stays with the hub', async () => {
    hub.repositories['org/tiny']!.token = 'hf_secret'
    const refused = await pull([id])
    expect(refused.stderr).toMatch(/Accept its terms at .*\/org\/tiny, then run: HF_TOKEN=<your token> npx wordmask model pull/)
    expect(refused.code).toBe(1)
    const allowed = await pull([id], { HF_TOKEN: 'hf_secret' })
    expect(allowed.code).toBe(0)
    expect(`${allowed.stdout}${allowed.stderr}`).not.toContain('hf_secret')
    expect(hub.seen.filter(({ host }) => host === 'files').every(({ authorization }) => authorization === undefined)).toBe(true)
  })

  test('content that is not what its sha256 says: exit 1, both digests, no file left', async () => {
    hub.trouble = (seen, response) => {
      if (!ofWeights(seen)) return false
      response.writeHead(200, { 'content-length': weights.length })
      response.end(Buffer.alloc(weights.length))
      return true
    }
    const { code, stderr } = await pull([id])
    expect(stderr).toMatch(new RegExp(`expected sha256 ${sha256(weights)} but received ${sha256(Buffer.alloc(weights.length))}`))
    expect(stderr).toMatch(/next: the same command again/)
    expect(code).toBe(1)
    expect(readdirSync(blobs()).filter((name) => name.includes(sha256(weights)))).toEqual([])
    expect((await wordmask(['model', 'info', id], { env: environment() })).code).toBe(1)
  })

  test.each([
    ['an unknown name', 'ViT-B16', /Near it: ViT-B\/16/],
    ['a bare repository', 'org/tiny', /written hf-hub:org\/tiny/],
    ['a revision that is not there', `${id}@v9`, /at revision v9 was not found/],
  ])('%s: exit 1 and what to type', async (_, name, expected) => {
    const { code, stderr } = await pull([name])
    expect(stderr).toMatch(expected)
    expect(code).toBe(1)
  })
})
