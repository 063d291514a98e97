import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { findLibTorch, searchLibTorch, setupLibTorch } from '../../lib/setup'
import { makeLibTorchZip, sha256 } from './libtorch-zip'
import { machineIn, strays } from './machine'
import { breakAfter, type Handler, serve } from './server'

const scratch = mkdtempSync(join(tmpdir(), 'wordmask-setup-'))
let zip: ReturnType<typeof makeLibTorchZip>
let server: Awaited<ReturnType<typeof serve>> | undefined
const machine = (extra?: Record<string, string>) => machineIn(scratch, extra)
const start = async (misbehave?: Handler, data = zip.data) => {
  server = await serve(data, misbehave)
  return server.url
}

beforeAll(() => {
  zip = makeLibTorchZip(scratch)
})
afterEach(() => server?.close())
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

describe('setup from a zip', () => {
  test('from a URL with its sha256: only what is needed is unpacked, checked, found again, and the zip is removed', async () => {
    const { env, lines, folder, libtorch, log } = machine()
    const done = await setupLibTorch({ env, log, from: await start(), sha256: sha256(zip.data), headers: true })
    expect(done).toMatchObject({ source: 'cache', version: '2.11.0+cpu', root: join(libtorch, 'torch'), cudaLibraries: [] })
    expect(done.libraries.map((path) => path.split('/').pop())).toEqual(['libgomp-24e2ab19.so.1', 'libc10.so', 'libtorch_cpu.so'])
    expect(readFileSync(join(libtorch, 'torch/lib/libtorch_cpu.so')).equals(zip.core)).toBe(true)
    expect(readdirSync(join(libtorch, 'torch')).sort()).toEqual(['build-version', 'include', 'lib', 'share'])
    expect(existsSync(join(libtorch, 'torch/lib/libdnnl.a'))).toBe(false)
    expect(strays(folder)).toEqual([])
    expect(readdirSync(join(folder, 'downloads'))).toEqual([])
    expect(findLibTorch({ env }).root).toBe(done.root)
    expect(lines.at(-1)).toMatch(/in the user cache/)
    expect(lines.filter((line) => /^\d+ of \d+ MB$/.test(line)).length).toBeGreaterThan(0)
  })

  test('WORDMASK_LIBTORCH_URL and _SHA256 say the same; a second setup fetches nothing', async () => {
    const { env, log, lines } = machine({ WORDMASK_LIBTORCH_URL: await start(), WORDMASK_LIBTORCH_SHA256: sha256(zip.data) })
    await setupLibTorch({ env, log })
    expect(server?.requests).toHaveLength(1)
    await setupLibTorch({ env, log })
    expect(server?.requests).toHaveLength(1)
    expect(lines.filter((line) => line.includes('was not found'))).toHaveLength(1)
  })

  test('two setups at once: the second waits and uses what the first fetched', async () => {
    const { env, log, lines } = machine({ WORDMASK_LIBTORCH_URL: await start() })
    const both = await Promise.all([setupLibTorch({ env, log }), setupLibTorch({ env, log })])
    expect(both[0].root).toBe(both[1].root)
    expect(server?.requests).toHaveLength(1)
    expect(lines.join('\n')).toMatch(/another setup is running/)
  })

  test('a setup that waits for another one can be aborted', async () => {
    const { env, libtorch } = machine({ WORDMASK_LIBTORCH_URL: await start() })
    mkdirSync(join(libtorch, '..'), { recursive: true })
    writeFileSync(`${libtorch}.lock`, String(process.pid))
    const controller = new AbortController()
    const log = (line: string) => line.startsWith('another setup is running') && controller.abort()
    await expect(setupLibTorch({ env, log, signal: controller.signal })).rejects.toHaveCode(
      'ERR_WORDMASK_ABORTED',
      /Waiting for another setup/,
    )
    expect(existsSync(`${libtorch}.lock`)).toBe(true)
    expect(server?.requests).toHaveLength(0)
  })

  test('a lock whose process is dead is taken over, with a word, and its half-unpacked folder removed', async () => {
    const { env, log, lines, libtorch, folder } = machine({ WORDMASK_LIBTORCH_URL: await start() })
    const child = spawn('true')
    await new Promise((resolve) => child.on('close', resolve))
    mkdirSync(`${libtorch}.partial-${child.pid}`, { recursive: true })
    writeFileSync(`${libtorch}.lock`, String(child.pid))
    await setupLibTorch({ env, log })
    expect(lines.join('\n')).toContain(`process ${child.pid}, which began a setup, has ended`)
    expect(strays(folder)).toEqual([])
  })

  test('a truncated zip (server sends less and says so) is refused, nothing is installed, the next try is fresh', async () => {
    const { env, log, folder } = machine()
    const from = await start(undefined, zip.data.subarray(0, 300_000))
    await expect(setupLibTorch({ env, log, from })).rejects.toHaveCode(
      'ERR_WORDMASK_DOWNLOAD',
      /not a whole zip.*run the same command again/,
    )
    expect(strays(folder)).toEqual([])
    expect(searchLibTorch({ env }).found).toBeUndefined()
    expect(readdirSync(join(folder, 'downloads'))).toEqual([])
    await server?.close()
    expect((await setupLibTorch({ env, log, from: await start() })).source).toBe('cache')
  })

  test('a flipped byte inside the zip is found by its CRC-32 when no sha256 is given', async () => {
    const { env, log } = machine()
    const flipped = Buffer.from(zip.data)
    flipped[200_000] = (flipped[200_000] ?? 0) ^ 1
    await expect(setupLibTorch({ env, log, from: await start(undefined, flipped) })).rejects.toHaveCode(
      'ERR_WORDMASK_DOWNLOAD',
      /libtorch_cpu\.so|not a whole zip/,
    )
  })

  test('a flipped byte of a stored entry, which nothing unpacks, is found by its CRC-32 too', async () => {
    const { env, log } = machine()
    const file = join(scratch, 'stored.zip')
    const store =
      "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1], 'w'); z.write(sys.argv[2], 'libtorch/lib/libtorch_cpu.so'); z.close()"
    execFileSync('python3', ['-c', store, file, join(scratch, 'libtorch', 'lib', 'libtorch_cpu.so')])
    const flipped = readFileSync(file)
    expect(flipped.readUInt16LE(8)).toBe(0) // compression method: stored
    flipped[200_000] = (flipped[200_000] ?? 0) ^ 1
    writeFileSync(file, flipped)
    await expect(setupLibTorch({ env, log, from: file })).rejects.toHaveCode(
      'ERR_WORDMASK_DOWNLOAD',
      /wrong checksum of libtorch\/lib\/libtorch_cpu\.so/,
    )
    expect(searchLibTorch({ env }).found).toBeUndefined()
  })

  test('a wrong sha256 installs nothing', async () => {
    const { env, log, libtorch } = machine()
    await expect(setupLibTorch({ env, log, from: await start(), sha256: '0'.repeat(64) })).rejects.toHaveCode(
      'ERR_WORDMASK_DOWNLOAD',
      /expected sha256 0{64}/,
    )
    expect(existsSync(libtorch)).toBe(false)
  })

  test('the server answers 404: the status and the address are in the message', async () => {
    const { env, log } = machine()
    const from = await start((_, response) => response.writeHead(404).end())
    await expect(setupLibTorch({ env, log, from })).rejects.toHaveCode('ERR_WORDMASK_DOWNLOAD', /libtorch\.zip: the server answered 404/)
  })

  test('killed in the middle of the download and started again: it goes on from the bytes it has', async () => {
    const { env, log } = machine()
    const from = await start((request, response, n) => n === 1 && breakAfter(request, response, zip.data, 150_000))
    const controller = new AbortController()
    await expect(
      setupLibTorch({ env, log, from, signal: controller.signal, onProgress: (done) => done >= 100_000 && controller.abort() }),
    ).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
    await setupLibTorch({ env, log, from, sha256: sha256(zip.data) })
    expect(server?.requests.at(-1)?.headers.range).toMatch(/^bytes=[1-9]\d{4,}-$/)
  })

  test('aborted while it unpacks: ERR_WORDMASK_ABORTED, nothing is installed', async () => {
    const { env, folder } = machine()
    const controller = new AbortController()
    const log = (line: string) => line.startsWith('unpacking') && controller.abort()
    await expect(setupLibTorch({ env, log, from: zip.file, signal: controller.signal })).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
    expect(strays(folder)).toEqual([])
    expect(searchLibTorch({ env }).found).toBeUndefined()
  })

  test('a cache that cannot be written: ERR_WORDMASK_IO names it and the way out', async () => {
    const blocked = join(scratch, 'blocked')
    writeFileSync(blocked, '')
    const { env, log } = machine({ XDG_CACHE_HOME: blocked })
    await expect(setupLibTorch({ env, log, from: await start() })).rejects.toHaveCode('ERR_WORDMASK_IO', /blocked.*XDG_CACHE_HOME/)
    expect(server?.requests).toHaveLength(0)
  })

  test('LibTorch of another version is refused by name', async () => {
    const folder = mkdtempSync(join(scratch, 'old-'))
    const old = makeLibTorchZip(folder, '2.10.0+cpu')
    const { env, log } = machine()
    await expect(setupLibTorch({ env, log, from: old.file })).rejects.toHaveCode(
      'ERR_WORDMASK_DOWNLOAD',
      /is LibTorch 2\.10\.0\+cpu; this package needs 2\.11\.0/,
    )
  })

  test('a zip of something else, a file that is not there', async () => {
    const { env, log } = machine()
    const file = join(scratch, 'other.zip')
    writeFileSync(file, Buffer.from('504b0506000000000000000000000000000000000000', 'hex'))
    await expect(setupLibTorch({ env, log, from: file })).rejects.toHaveCode('ERR_WORDMASK_DOWNLOAD', /holds no lib\/libtorch_cpu\.so/)
    await expect(setupLibTorch({ env, log, from: '/no/such.zip' })).rejects.toHaveCode(
      'ERR_WORDMASK_FILE_NOT_FOUND',
      /such\.zip does not exist/,
    )
  })

  test('a LibTorch folder is linked, not copied', async () => {
    const { env, log, libtorch } = machine()
    await setupLibTorch({ env, log, from: join(scratch, 'libtorch') })
    expect(realpathSync(join(libtorch, 'torch'))).toBe(realpathSync(join(scratch, 'libtorch')))
  })
})

describe('the search', () => {
  test('nothing anywhere: ERR_WORDMASK_NATIVE_LOAD lists every place and says what to run', () => {
    const { env } = machine()
    expect(() => findLibTorch({ env })).toThrow(expect.toHaveCode('ERR_WORDMASK_NATIVE_LOAD', /npx wordmask setup[^]*cache:[^]*python:/))
  })

  test('WORDMASK_LIBTORCH that cannot be used is an error, although the cache has one', async () => {
    const { env, log } = machine({ WORDMASK_LIBTORCH_URL: await start() })
    await setupLibTorch({ env, log })
    const wrong = { ...env, WORDMASK_LIBTORCH: '/no/such/folder' }
    expect(searchLibTorch({ env: wrong })).toEqual({
      tried: [{ source: 'WORDMASK_LIBTORCH', path: '/no/such/folder', reason: 'does not exist' }],
    })
    await expect(setupLibTorch({ env: wrong, log })).rejects.toHaveCode('ERR_WORDMASK_NATIVE_LOAD', /WORDMASK_LIBTORCH cannot be used/)
  })

  test('a library cut short after setup is noticed by its size', async () => {
    const { env, log, libtorch } = machine({ WORDMASK_LIBTORCH_URL: await start() })
    await setupLibTorch({ env, log })
    truncateSync(join(libtorch, 'torch/lib/libtorch_cpu.so'), 1000)
    expect(searchLibTorch({ env }).tried.at(-2)?.reason).toMatch(/damaged torch\/lib\/libtorch_cpu\.so: expected 400000 bytes, found 1000/)
    expect((await setupLibTorch({ env, log })).source).toBe('cache')
  })

  test('an installed Python torch of that version is used, one of another version is not', () => {
    const { env } = machine()
    const site = join(scratch, 'site')
    for (const [version, found] of [
      ['2.11.0+cpu', true],
      ['2.9.1+cpu', false],
    ] as const) {
      mkdirSync(join(site, 'torch/lib'), { recursive: true })
      for (const name of ['libtorch_cpu.so', 'libc10.so']) writeFileSync(join(site, 'torch/lib', name), '')
      writeFileSync(join(site, 'torch/__init__.py'), 'raise SystemExit("torch must not be imported to be found")\n')
      writeFileSync(join(site, 'torch/version.py'), `__version__ = '${version}'\n`)
      const search = searchLibTorch({ env: { ...env, WORDMASK_PYTHON: 'python3', PYTHONPATH: site } })
      expect(search.found?.source).toBe(found ? 'python' : undefined)
      if (!found) expect(search.tried.at(-1)?.reason).toMatch(/is LibTorch 2\.9\.1\+cpu/)
    }
  })

  test('a CUDA wheel without the two libraries it needs at load says which one is missing', () => {
    const folder = join(scratch, 'cuda-wheel')
    mkdirSync(join(folder, 'torch/lib'), { recursive: true })
    for (const name of ['libtorch_cpu.so', 'libc10.so']) writeFileSync(join(folder, 'torch/lib', name), '')
    writeFileSync(join(folder, 'torch/version.py'), "__version__ = '2.11.0+cu130'\n")
    const { env } = machine({ WORDMASK_LIBTORCH: folder })
    expect(searchLibTorch({ env }).tried[0]?.reason).toMatch(/lacks libcudart\.so\.13/)
  })
})
