import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { download } from '../../lib/setup/download'
import { noise, sha256 } from './libtorch-zip'
import { answer, breakAfter, type Handler, serve } from './server'

const scratch = mkdtempSync(join(tmpdir(), 'wordmask-download-'))
const body = noise(600_000, 1)
const digest = sha256(body)
const fast = { retryDelay: 1 }
let count = 0
let server: Awaited<ReturnType<typeof serve>> | undefined

async function start(misbehave?: Handler, content = body): Promise<{ url: string; file: string }> {
  server = await serve(content, misbehave)
  return { url: server.url, file: join(scratch, `${count++}`, 'libtorch.zip') }
}
const leftovers = (file: string) => ['.part', '.part.json'].filter((ending) => existsSync(file + ending))

afterEach(() => server?.close())
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

describe('download', () => {
  test('a file arrives whole under its name, nothing else is left, progress ends at the total', async () => {
    const { url, file } = await start()
    const seen: [number, number | undefined][] = []
    await download(url, file, { sha256: digest, onProgress: (...p) => seen.push(p) })
    expect(readFileSync(file).equals(body)).toBe(true)
    expect(leftovers(file)).toEqual([])
    expect(seen.at(-1)).toEqual([600_000, 600_000])
  })

  test('an empty file is a file', async () => {
    const { url, file } = await start(undefined, Buffer.alloc(0))
    await download(url, file)
    expect(readFileSync(file).length).toBe(0)
  })

  test('a connection broken twice goes on each time from the byte it had reached', async () => {
    const { url, file } = await start((request, response, n) => n <= 2 && breakAfter(request, response, body, 200_000))
    await download(url, file, { ...fast, sha256: digest })
    expect(readFileSync(file).equals(body)).toBe(true)
    const starts = server?.requests.map((r) => r.headers.range ?? 'none')
    expect(starts).toHaveLength(3)
    expect(starts?.[0]).toBe('none')
    expect(Number(/\d+/.exec(starts?.[2] ?? '')?.[0])).toBeGreaterThan(200_000)
  })

  test('a connection broken every time is ERR_WORDMASK_DOWNLOAD; started again, it goes on from the part', async () => {
    let broken = true
    const { url, file } = await start((request, response) => broken && breakAfter(request, response, body, 100_000))
    await expect(download(url, file, { ...fast, retries: 1 })).rejects.toHaveCode(
      'ERR_WORDMASK_DOWNLOAD',
      /Run the same command again: it goes on at byte \d{6}/,
    )
    expect(existsSync(file)).toBe(false)
    broken = false
    await download(url, file, { ...fast, sha256: digest })
    expect(server?.requests.at(-1)?.headers.range).toMatch(/^bytes=[1-9]\d+-$/)
    expect(readFileSync(file).equals(body)).toBe(true)
  })

  test('when the file on the server changed in between, the old part is not glued to the new file', async () => {
    const fresh = noise(500_000, 2)
    const { url, file } = await start((request, response, n) =>
      n === 1 ? breakAfter(request, response, body, 100_000) : answer(request, response, fresh, '"two"'),
    )
    await download(url, file, fast)
    expect(readFileSync(file).equals(fresh)).toBe(true)
  })

  test('a server without ranges or entity tags: the download begins anew and is right', async () => {
    const { url, file } = await start((_, response, n) => {
      response.writeHead(200, { 'content-length': body.length })
      if (n === 1) response.write(body.subarray(0, 50_000), () => setTimeout(() => response.destroy(), 20))
      else response.end(body)
    })
    await download(url, file, { ...fast, sha256: digest })
    expect(server?.requests.map((r) => r.headers.range)).toEqual([undefined, undefined])
    expect(readFileSync(file).equals(body)).toBe(true)
  })

  test('a wrong sha256 names both digests and leaves no file behind', async () => {
    const { url, file } = await start()
    const wrong = 'ab'.repeat(32)
    await expect(download(url, file, { sha256: wrong })).rejects.toHaveCode(
      'ERR_WORDMASK_DOWNLOAD',
      new RegExp(`expected sha256 ${wrong} but received ${digest}`),
    )
    expect([existsSync(file), ...leftovers(file)]).toEqual([false])
  })

  test('503 twice, then the file: tried again; 503 for ever: the status is in the message', async () => {
    const busy: Handler = (_, response) => response.writeHead(503).end()
    const { url, file } = await start((q, r, n) => n <= 2 && busy(q, r, n))
    await download(url, file, { ...fast, sha256: digest })
    await server?.close()
    const always = await start(busy)
    await expect(download(always.url, always.file, { ...fast, retries: 2 })).rejects.toHaveCode('ERR_WORDMASK_DOWNLOAD', /answered 503/)
    expect(server?.requests).toHaveLength(3)
  })

  test('404 is said at once, without another attempt', async () => {
    const { url, file } = await start((_, response) => response.writeHead(404).end())
    await expect(download(url, file, fast)).rejects.toHaveCode('ERR_WORDMASK_DOWNLOAD', /answered 404 Not Found/)
    expect(server?.requests).toHaveLength(1)
  })

  test('a server that goes silent counts as a broken connection', async () => {
    const { url, file } = await start((_, response, n) => {
      if (n === 1) response.writeHead(200, { 'content-length': body.length, etag: '"one"' }).write(body.subarray(0, 1000))
    })
    await download(url, file, { ...fast, stallTimeout: 200, sha256: digest })
    expect(server?.requests).toHaveLength(2)
  })

  test('nobody listens: ERR_WORDMASK_DOWNLOAD with the reason of the system', async () => {
    const { url, file } = await start()
    await server?.close()
    await expect(download(url, file, { ...fast, retries: 0 })).rejects.toHaveCode('ERR_WORDMASK_DOWNLOAD', /ECONNREFUSED/)
  })

  test('aborted in the middle: ERR_WORDMASK_ABORTED, and the part is kept for the next time', async () => {
    const { url, file } = await start((_, response) =>
      response.writeHead(200, { 'content-length': body.length, etag: '"one"' }).write(body.subarray(0, 90_000)),
    )
    const controller = new AbortController()
    const running = download(url, file, { ...fast, signal: controller.signal, onProgress: (done) => done >= 90_000 && controller.abort() })
    await expect(running).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
    expect(readFileSync(`${file}.part`).length).toBe(90_000)
  })

  test('a path below a file cannot be written: ERR_WORDMASK_IO names it and XDG_CACHE_HOME', async () => {
    const { url } = await start()
    const blocked = join(scratch, 'blocked')
    writeFileSync(blocked, '')
    await expect(download(url, join(blocked, 'x.zip'), fast)).rejects.toHaveCode('ERR_WORDMASK_IO', /blocked\/x\.zip.*XDG_CACHE_HOME/)
    expect(server?.requests).toHaveLength(0)
  })

  test('a full disk: ERR_WORDMASK_IO says so', async () => {
    const { url } = await start()
    // Writing to /dev/full fails with ENOSPC; its .part is a link to it.
    const folder = join(scratch, 'full')
    mkdirSync(folder)
    symlinkSync('/dev/full', join(folder, 'x.zip.part'))
    await expect(download(url, join(folder, 'x.zip'), fast)).rejects.toHaveCode('ERR_WORDMASK_IO', /ENOSPC.*free space/i)
  })
})
