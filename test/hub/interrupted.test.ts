import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type PullOptions, pullModel } from '../../lib/hub/pull'
import type { HubSettings } from '../../lib/hub/settings'
import { body, error, FakeHub, type Seen, sha256 } from './fake-hub'

const commit = '89abcdef0123456789abcdef0123456789abcdef'
const weights = Buffer.from(Uint32Array.from({ length: 50_000 }, (_, i) => i * 2654435761).buffer)
let hub: FakeHub
let scratch: string
let settings: HubSettings

beforeAll(async () => {
  hub = await FakeHub.start()
  hub.repositories['org/clip'] = { commit, files: { 'config.json': '{}', 'model.safetensors': weights } }
})
afterAll(() => hub.close())
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'wordmask-hub-'))
  settings = {
    endpoint: hub.endpoint,
    cache: scratch,
    token: undefined,
    offline: false,
    openai: hub.files,
    openaiCache: join(scratch, 'clip'),
  }
  hub.seen.length = 0
  hub.trouble = () => false
})
afterEach(() => rmSync(scratch, { recursive: true, force: true }))

const pull = (options: PullOptions = {}) => pullModel('hf-hub:org/clip', { settings, retryDelay: 1, ...options })
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (reason) => reason,
  )
const blob = () => join(scratch, 'models--org--clip/blobs', sha256(weights))
const incomplete = () => `${blob()}.incomplete`
const whole = () => readFileSync(join(scratch, 'models--org--clip/snapshots', commit, 'model.safetensors')).equals(weights)

/** The first `times` requests for the weights get this answer instead. */
function firstTimes(times: number, answer: (response: ServerResponse, seen: Seen) => void): void {
  let left = times
  hub.trouble = (seen, response) => {
    if (seen.host !== 'files' || left-- <= 0) return false
    answer(response, seen)
    return true
  }
}

/** Ends the connection once that many bytes lie on the disk (fetch drops what was received but not yet read). */
function cutAfter(bytes: number, end: (response: ServerResponse) => void = (response) => response.destroy()) {
  return (response: ServerResponse) => {
    response.writeHead(200, { 'content-length': weights.length })
    response.write(weights.subarray(0, bytes))
    const timer = setInterval(() => {
      if (!existsSync(incomplete()) || statSync(incomplete()).size < bytes) return
      clearInterval(timer)
      end(response)
    }, 5)
  }
}

describe('a download that is disturbed', () => {
  it('goes on where the connection broke, in the same run', async () => {
    firstTimes(1, cutAfter(70_000))
    await pull()
    expect(hub.fetched('model.safetensors')).toEqual([
      ['files', undefined],
      ['files', 'bytes=70000-'],
    ])
    expect(whole()).toBe(true)
  })

  it('goes on where another process stopped', async () => {
    mkdirSync(join(blob(), '..'), { recursive: true })
    writeFileSync(incomplete(), weights.subarray(0, 123_456))
    await pull()
    expect(hub.fetched('model.safetensors')).toEqual([['files', 'bytes=123456-']])
    expect(whole()).toBe(true)
    expect(existsSync(incomplete())).toBe(false)
  })

  it('a file that was whole but not yet renamed is checked and not fetched', async () => {
    mkdirSync(join(blob(), '..'), { recursive: true })
    writeFileSync(incomplete(), weights)
    await pull()
    expect(hub.fetched('model.safetensors')).toEqual([])
    expect(whole()).toBe(true)
  })

  it('begins anew where the server ignores the range', async () => {
    mkdirSync(join(blob(), '..'), { recursive: true })
    writeFileSync(incomplete(), Buffer.alloc(1000))
    firstTimes(1, (response) => body({ headers: {} }, response, weights))
    await pull()
    expect(whole()).toBe(true)
  })

  it('begins anew after 416', async () => {
    mkdirSync(join(blob(), '..'), { recursive: true })
    writeFileSync(incomplete(), Buffer.alloc(1000))
    firstTimes(1, (response) => error(response, 416, '', ''))
    await pull()
    expect(hub.fetched('model.safetensors').map(([, range]) => range)).toEqual(['bytes=1000-', undefined])
    expect(whole()).toBe(true)
  })

  it('survives two 503, and gives up after the last attempt with the line to type', async () => {
    firstTimes(2, (response) => error(response, 503, '', ''))
    const lines: string[] = []
    await pull({ log: (line) => lines.push(line) })
    expect(lines.filter((line) => line.includes('503'))).toHaveLength(2)
    rmSync(join(scratch, 'models--org--clip'), { recursive: true })
    firstTimes(99, (response) => error(response, 503, '', ''))
    expect(await failure(pull({ retries: 2 }))).toHaveCode(
      'ERR_WORDMASK_DOWNLOAD',
      /503.*Run again: npx wordmask model pull hf-hub:org\/clip/,
    )
    expect(hub.fetched('model.safetensors')).toHaveLength(3 + 3)
  })

  it('a body that stays short is an error, and keeps what came', async () => {
    firstTimes(99, cutAfter(50_000))
    expect(await failure(pull({ retries: 0 }))).toHaveCode('ERR_WORDMASK_DOWNLOAD', /model\.safetensors/)
    expect(statSync(incomplete()).size).toBe(50_000)
  })

  it('content that is not what the sha256 says is removed', async () => {
    firstTimes(1, (response) => body({ headers: {} }, response, Buffer.alloc(weights.length)))
    expect(await failure(pull())).toHaveCode(
      'ERR_WORDMASK_DOWNLOAD',
      new RegExp(`expected sha256 ${sha256(weights)} but received ${sha256(Buffer.alloc(weights.length))}`),
    )
    expect(existsSync(incomplete()) || existsSync(blob())).toBe(false)
  })

  it('a server that falls silent is given up after the stall time', async () => {
    firstTimes(
      1,
      cutAfter(1000, () => {}),
    )
    await pull({ stallTimeout: 1000 })
    expect(hub.fetched('model.safetensors').map(([, range]) => range)).toEqual([undefined, 'bytes=1000-'])
    expect(whole()).toBe(true)
  })

  it('an abort keeps what came, and the next run goes on', async () => {
    const abort = new AbortController()
    firstTimes(
      1,
      cutAfter(1000, () => abort.abort()),
    )
    expect(await failure(pull({ signal: abort.signal }))).toHaveCode('ERR_WORDMASK_ABORTED')
    expect(await failure(pull({ signal: AbortSignal.abort() }))).toHaveCode('ERR_WORDMASK_ABORTED')
    await pull()
    expect(hub.fetched('model.safetensors').map(([, range]) => range)).toEqual([undefined, 'bytes=1000-'])
    expect(whole()).toBe(true)
  })

  it('two at once fetch a file once', async () => {
    await Promise.all([pull(), pull()])
    expect(hub.fetched('model.safetensors')).toHaveLength(1)
  })
})

describe('a server that refuses says what to do', () => {
  it.each<[string, number, string, RegExp]>([
    [
      'gated',
      401,
      'GatedRepo',
      /Accept its terms at .*\/org\/clip, then run: HF_TOKEN=<your token> npx wordmask model pull hf-hub:org\/clip/,
    ],
    ['forbidden', 403, '', /Accept its terms/],
    ['private or misspelt', 401, 'RepoNotFound', /The name is wrong, or it is private/],
    ['no such revision', 404, 'RevisionNotFound', /revision main was not found/],
    ['teapot', 418, '', /answered 418.*npx wordmask model pull/],
  ])('%s (%i)', async (_, status, code, message) => {
    hub.trouble = (_seen, response) => {
      error(response, status, code, 'said the server')
      return true
    }
    expect(await failure(pull())).toHaveCode('ERR_WORDMASK_DOWNLOAD', message)
    expect(hub.seen).toHaveLength(1)
  })

  it('an endpoint that is not a Hub', async () => {
    hub.trouble = (_seen, response) => {
      response.end('<html>hello</html>')
      return true
    }
    expect(await failure(pull())).toHaveCode('ERR_WORDMASK_DOWNLOAD', /not JSON.*HF_ENDPOINT/)
  })

  it('nobody listens', async () => {
    settings.endpoint = 'http://127.0.0.1:9'
    expect(await failure(pull({ retries: 1 }))).toHaveCode('ERR_WORDMASK_DOWNLOAD', /npx wordmask model pull/)
  })

  it('a repository without a model says what it holds', async () => {
    hub.trouble = (_seen, response) => {
      response.end(JSON.stringify({ sha: commit, siblings: [{ rfilename: 'a.txt' }] }))
      return true
    }
    expect(await failure(pull())).toHaveCode('ERR_WORDMASK_DOWNLOAD', /it holds a\.txt/)
  })

  it('a cache that cannot be written', async () => {
    writeFileSync(join(scratch, 'file'), '')
    settings.cache = join(scratch, 'file', 'hub')
    expect(await failure(pull())).toHaveCode('ERR_WORDMASK_IO', /HF_HUB_CACHE/)
  })
})
