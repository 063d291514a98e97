import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type PullOptions, type PullPlan, pullModel } from '../../lib/hub/pull'
import { findPulled, resolveModel } from '../../lib/hub/resolve'
import type { HubSettings } from '../../lib/hub/settings'
import { etagOf, FakeHub, gitSha1, sha256 } from './fake-hub'

const commit = '0123456789abcdef0123456789abcdef01234567'
const weights = Buffer.alloc(200_000, 'weights of a model ')
let hub: FakeHub
let scratch: string
let settings: HubSettings

beforeAll(async () => {
  hub = await FakeHub.start()
})
afterAll(() => hub.close())
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'wordmask-hub-'))
  settings = {
    ...{ endpoint: hub.endpoint, cache: join(scratch, 'hub'), token: undefined, offline: false },
    ...{ openai: hub.files, openaiCache: join(scratch, 'clip') },
  }
  hub.seen.length = 0
  hub.trouble = () => false
  hub.repositories['org/clip'] = {
    commit,
    card: { license: 'mit' },
    files: {
      'README.md': '---\nlicense: mit\n---\n',
      'config.json': '{"model_type":"clip"}',
      'open_clip_config.json': '{}',
      'open_clip_pytorch_model.bin': 'x'.repeat(500),
      'model.safetensors': weights,
      'tokenizer.json': '{"a":1}',
      'training/optimizer.pt': 'y'.repeat(300),
      'image.png': 'z'.repeat(300),
    },
  }
})
afterEach(() => rmSync(scratch, { recursive: true, force: true }))

const pull = (id: string, options: PullOptions = {}) => pullModel(id, { settings, retryDelay: 1, ...options })
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (reason) => reason,
  )
const cached = (...path: string[]) => join(settings.cache, 'models--org--clip', ...path)

describe('wordmask model pull hf-hub:org/repo', () => {
  it('writes the cache as huggingface_hub does: blobs by etag, relative links, refs', async () => {
    const pulled = await pull('hf-hub:org/clip')
    expect(pulled).toEqual({ id: 'hf-hub:org/clip', path: cached('snapshots', commit), licence: 'mit' })
    expect(readFileSync(cached('refs/main'), 'utf8')).toBe(commit)
    expect(readdirSync(pulled.path).sort()).toEqual(['README.md', 'config.json', 'model.safetensors', 'tokenizer.json'])
    expect(readlinkSync(join(pulled.path, 'model.safetensors'))).toBe(`../../blobs/${sha256(weights)}`)
    expect(readlinkSync(join(pulled.path, 'config.json'))).toBe(`../../blobs/${gitSha1(Buffer.from('{"model_type":"clip"}'))}`)
    expect(readFileSync(join(pulled.path, 'model.safetensors')).equals(weights)).toBe(true)
    expect(readdirSync(cached('blobs')).filter((name) => /incomplete|lock/.test(name))).toEqual([])
  })

  it('takes safetensors before pickles, and no file that the model does not need', async () => {
    await pull('hf:org/clip')
    const paths = hub.seen.map(({ path }) => path).join('\n')
    expect(paths).not.toMatch(/optimizer|image\.png|\.bin/)
  })

  it('says licence, files and bytes before the first byte of them', async () => {
    let plan: PullPlan | undefined
    const before: number[] = []
    await pull('hf-hub:org/clip', {
      onPlan: (value) => {
        plan = value
        before.push(hub.fetched('model.safetensors').length)
      },
    })
    expect(before).toEqual([0])
    expect(plan?.licence).toBe('mit')
    expect(plan?.source).toBe(`${hub.endpoint}/org/clip`)
    expect(plan?.files.map(({ name, cached: there }) => [name, there])).toContainEqual(['model.safetensors', false])
    expect(plan?.bytes).toBe(plan?.files.reduce((sum, { size }) => sum + (size ?? 0), 0))
  })

  it('reports progress up to the whole', async () => {
    const calls: number[][] = []
    await pull('hf-hub:org/clip', { onProgress: (done, total) => calls.push([done, total]) })
    const [last] = calls.slice(-1)
    expect(last![0]).toBe(last![1])
    expect(calls.map(([done]) => done)).toEqual([...calls.map(([done]) => done!)].sort((a, b) => a - b))
  })

  it('a second pull fetches nothing but what the Hub says', async () => {
    await pull('hf-hub:org/clip')
    hub.seen.length = 0
    await pull('hf-hub:org/clip')
    expect(hub.seen.filter(({ method, path }) => method === 'GET' && !path.startsWith('/api/'))).toEqual([])
  })

  it('a commit as revision writes no ref and is found again', async () => {
    const { path } = await pull(`hf-hub:org/clip@${commit}`)
    expect(() => lstatSync(cached('refs'))).toThrow()
    expect(await findPulled(`hf:org/clip@${commit}`, settings)).toBe(path)
    expect(await findPulled('hf:org/clip', settings)).toBeUndefined()
  })

  it('shards are found through the index, whose link comes last', async () => {
    const index = JSON.stringify({
      weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors', c: 'model-00001-of-00002.safetensors' },
    })
    const shards = { 'model-00001-of-00002.safetensors': 'a'.repeat(400), 'model-00002-of-00002.safetensors': 'b'.repeat(400) }
    hub.repositories['org/clip']!.files = { 'config.json': '{}', 'model.safetensors.index.json': index, ...shards }
    const { path } = await pull('hf-hub:org/clip')
    const resolved = await resolveModel('hf-hub:org/clip', settings)
    expect(resolved).toEqual({
      id: 'hf-hub:org/clip',
      path,
      files: Object.keys(shards).map((name) => join(path, name)),
      configFile: join(path, 'config.json'),
    })
    rmSync(join(path, 'model-00002-of-00002.safetensors'))
    expect(await findPulled('hf-hub:org/clip', settings)).toBeUndefined()
  })

  it('a renamed repository is followed, with the token, over its relative redirects', async () => {
    settings.token = 'hf_secret'
    hub.repositories['org/clip']!.token = 'hf_secret'
    const { path } = await pull('hf-hub:old/clip')
    expect(path).toContain('models--old--clip')
    expect(readFileSync(join(path, 'model.safetensors')).equals(weights)).toBe(true)
    expect(await findPulled('hf:old/clip', settings)).toBe(path)
  })

  it('an open_clip pair is its repository; an unknown ID names near ones', async () => {
    hub.repositories['laion/CLIP-ViT-B-32-laion2B-s34B-b79K'] = {
      ...hub.repositories['org/clip']!,
      tags: ['clip', 'license:mit'],
      card: {},
    }
    const { path, licence } = await pull('ViT-B-32/laion2b_s34b_b79k')
    expect(path).toContain('models--laion--CLIP-ViT-B-32-laion2B-s34B-b79K')
    expect(licence).toBe('mit')
    expect(await failure(pull('ViT-B32'))).toHaveCode('ERR_WORDMASK_MODEL_NOT_FOUND', /ViT-B\/32/)
    expect(await failure(pull('org/clip'))).toHaveCode('ERR_WORDMASK_MODEL_NOT_FOUND', /written hf-hub:org\/clip/)
    expect(await failure(pull('hf-hub:../../etc'))).toHaveCode('ERR_WORDMASK_MODEL_NOT_FOUND', /hf-hub:org\/repo/)
  })
})

describe('the token', () => {
  it('goes to the host of HF_ENDPOINT and not to the file server', async () => {
    settings.token = 'hf_secret'
    hub.repositories['org/clip']!.token = 'hf_secret'
    await pull('hf-hub:org/clip')
    expect(new Set(hub.seen.filter(({ host }) => host === 'hub').map(({ authorization }) => authorization))).toEqual(
      new Set(['Bearer hf_secret']),
    )
    expect(new Set(hub.seen.filter(({ host }) => host === 'files').map(({ authorization }) => authorization))).toEqual(new Set([undefined]))
  })

  it('is not sent to the server of OpenAI, whose file is checked against the digest in its address', async () => {
    settings.token = 'hf_secret'
    const wrong = Buffer.from('not the weights that OpenAI published')
    const path = '5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f/ViT-B-16.pt'
    hub.blobs[path] = wrong
    let licence: string | undefined
    const reason = await failure(pull('ViT-B/16', { onPlan: (plan) => (licence = plan.licence) }))
    expect(reason).toHaveCode('ERR_WORDMASK_DOWNLOAD', /expected sha256 5806e77c.* but received/)
    expect(licence).toMatch(/MIT/)
    expect(hub.seen).toEqual([{ method: 'GET', host: 'files', path: `/${path}`, authorization: undefined, range: undefined }])
    expect(readdirSync(settings.openaiCache)).toEqual([])
    expect(await failure(resolveModel('ViT-B/16', settings))).toHaveCode(
      'ERR_WORDMASK_MODEL_NOT_FOUND',
      /Run: npx wordmask model pull ViT-B\/16$/,
    )
  })
})

describe('offline', () => {
  it('HF_HUB_OFFLINE opens no connection: what is there is given, the rest refused', async () => {
    const { path } = await pull('hf-hub:org/clip')
    hub.seen.length = 0
    settings.offline = true
    expect((await pull('hf-hub:org/clip')).path).toBe(path)
    expect(await failure(pull('hf-hub:org/other'))).toHaveCode(
      'ERR_WORDMASK_DOWNLOAD',
      /HF_HUB_OFFLINE=0 npx wordmask model pull hf-hub:org\/other/,
    )
    expect(hub.seen).toEqual([])
  })

  it('what Python put into the cache is found; a model that is not there is the line to type', async () => {
    await mkdir(cached('blobs'), { recursive: true })
    await mkdir(cached('snapshots', commit), { recursive: true })
    await mkdir(cached('refs'), { recursive: true })
    writeFileSync(cached('refs/main'), commit)
    for (const name of ['open_clip_config.json', 'open_clip_model.safetensors']) writeFileSync(cached('snapshots', commit, name), '{}')
    const { files, configFile } = await resolveModel('hf-hub:org/clip', settings)
    expect(files).toEqual([cached('snapshots', commit, 'open_clip_model.safetensors')])
    expect(configFile).toBe(cached('snapshots', commit, 'open_clip_config.json'))
    const reason = await failure(resolveModel('hf-hub:org/other', settings))
    expect(reason).toHaveCode('ERR_WORDMASK_MODEL_NOT_FOUND', /Run: npx wordmask model pull hf-hub:org\/other$/)
  })
})

describe('etags', () => {
  it('one that would leave the cache is refused', async () => {
    hub.trouble = ({ method, path }, response) => {
      if (method !== 'HEAD' || !path.endsWith('model.safetensors')) return false
      response.writeHead(200, { 'x-linked-etag': '"../../../evil"', 'content-length': 3 })
      response.end()
      return true
    }
    expect(await failure(pull('hf-hub:org/clip'))).toHaveCode('ERR_WORDMASK_DOWNLOAD', /no usable ETag/)
  })

  it('a small file that is not what its etag says is removed', async () => {
    hub.trouble = ({ method, path }, response) => {
      if (method !== 'GET' || !path.endsWith('/config.json')) return false
      response.end('{"model_type":"clap"}')
      return true
    }
    expect(await failure(pull('hf-hub:org/clip'))).toHaveCode('ERR_WORDMASK_DOWNLOAD', /expected git sha1 [0-9a-f]{40}/)
    expect(readdirSync(cached('blobs'))).not.toContain(`${etagOf(Buffer.from('{"model_type":"clip"}'))}`)
  })
})
