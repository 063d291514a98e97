import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { link, mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { storeOf } from '../../lib/storage'
import { LocalStore } from '../../lib/storage/local'
import type { StoredFile } from '../../lib/storage/store'
import { longestSilence } from '../helpers/silence'
import { temporaryFolder, writeFiles } from '../sources/files'

const store = new LocalStore()

async function list(prefix: string): Promise<StoredFile[]> {
  const files: StoredFile[] = []
  for await (const file of store.list(prefix)) files.push(file)
  return files
}

async function streamed(uri: string, range?: { offset: number; length: number }): Promise<{ bytes: Buffer; pieces: number }> {
  const pieces: Uint8Array[] = []
  for await (const piece of store.stream(uri, { range })) pieces.push(piece)
  return { bytes: Buffer.concat(pieces), pieces: pieces.length }
}

describe('reading', () => {
  test('a file whole, by range, and in pieces of at most 1 MiB: the same bytes; absolute, relative and file:// are one file', async () => {
    const folder = await temporaryFolder()
    const file = path.join(folder, 'a b%41.bin')
    const data = Buffer.alloc(2_500_000).map((_, i) => i % 251)
    await writeFile(file, data)
    for (const uri of [file, path.relative('.', file), `file://${folder}/a%20b%2541.bin`, `file://localhost${folder}/a%20b%2541.bin`]) {
      expect((await store.read(uri)).equals(data)).toBe(true)
      expect(await store.stat(uri)).toMatchObject({ uri: file, bytes: data.length })
    }
    expect([...(await store.read(file, { range: { offset: 249, length: 4 } }))]).toEqual([249, 250, 0, 1])
    expect((await store.read(file, { range: { offset: data.length, length: 0 } })).length).toBe(0)
    const whole = await streamed(file)
    expect(whole.bytes.equals(data)).toBe(true)
    expect(whole.pieces).toBe(3)
    expect((await streamed(file, { offset: 7, length: 1_500_000 })).bytes.equals(data.subarray(7, 1_500_007))).toBe(true)
    expect((await streamed(file, { offset: 7, length: 0 })).pieces).toBe(0)
  })

  test('the version changes with the content or its time', async () => {
    const folder = await temporaryFolder()
    const file = path.join(folder, 'a')
    await writeFile(file, 'one')
    await utimes(file, 1, 1)
    const first = await store.stat(file)
    expect(first.version).toBe('1000-3')
    await writeFile(file, 'three')
    await utimes(file, 1, 1)
    expect((await store.stat(file)).version).toBe('1000-5')
  })

  test('missing, a folder, a pipe, a range beyond the end, an aborted signal: each has its code and says what', async () => {
    const folder = await temporaryFolder()
    await writeFile(path.join(folder, 'short'), 'abc')
    execFileSync('mkfifo', [path.join(folder, 'pipe')])
    const at = (name: string) => path.join(folder, name)
    for (const read of [
      () => store.read(at('none')),
      () => store.stat(at('none')),
      () => store.read(at('short/none')),
      () => streamed(at('none')),
    ])
      await expect(read()).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /none does not exist/)
    await expect(store.read(folder)).rejects.toHaveCode('ERR_WORDMASK_IO', /it is a folder/)
    for (const read of [() => store.read(at('pipe')), () => store.stat(at('pipe')), () => streamed(at('pipe'))])
      await expect(read()).rejects.toHaveCode('ERR_WORDMASK_IO', /pipe/)
    const range = { offset: 1, length: 3 }
    for (const read of [() => store.read(at('short'), { range }), () => streamed(at('short'), range)])
      await expect(read()).rejects.toHaveCode('ERR_WORDMASK_IO', /bytes 1 to 4 were asked for, but it has 3/)
    await expect(store.read(at('short'), { range: { offset: -1, length: 1 } })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT')
    await expect(store.read(at('short'), { signal: AbortSignal.abort() })).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
    await expect(store.read('a\0b')).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /NUL/)
    await expect(store.read('file://elsewhere/a')).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /file:\/\/\/absolute/)
  })

  test('a stream that is left early closes the file, and a second one reads it again', async () => {
    const folder = await temporaryFolder()
    await writeFile(path.join(folder, 'a'), Buffer.alloc(3 << 20))
    const open = async () => (await readdir('/proc/self/fd')).length
    const before = await open()
    for (let round = 0; round < 50; round++) for await (const _ of store.stream(path.join(folder, 'a'))) break
    expect(await open()).toBeLessThan(before + 25)
  })
})

describe('put', () => {
  test('writes the whole file or nothing, makes its folders, replaces; with ifAbsent the first one stays', async () => {
    const folder = await temporaryFolder()
    const file = path.join(folder, 'new', 'deep', 'a.json')
    expect(await store.put(file, 'one')).toBe(true)
    expect(await store.put(file, Buffer.from('two'))).toBe(true)
    expect(await readFile(file, 'utf8')).toBe('two')
    expect(await store.put(file, 'three', { ifAbsent: true })).toBe(false)
    expect(await readFile(file, 'utf8')).toBe('two')
    expect(await store.put(path.join(folder, 'b'), '', { ifAbsent: true })).toBe(true)
    expect((await stat(path.join(folder, 'b'))).size).toBe(0)
    expect(await readdir(path.dirname(file))).toEqual(['a.json'])
  })

  test('of 20 writers at once with ifAbsent one wins, and its data are what is there', async () => {
    const folder = await temporaryFolder()
    const file = path.join(folder, 'once')
    const won = await Promise.all(Array.from({ length: 20 }, (_, i) => store.put(file, `writer ${i}`, { ifAbsent: true })))
    expect(won.filter(Boolean)).toHaveLength(1)
    expect(await readFile(file, 'utf8')).toBe(`writer ${won.indexOf(true)}`)
    expect(await readdir(folder)).toEqual(['once'])
  })

  test('a name of 255 bytes can be written; what cannot leaves nothing behind and says why', async () => {
    const folder = await temporaryFolder()
    const long = path.join(folder, 'n'.repeat(255))
    expect(await store.put(long, 'x')).toBe(true)
    await expect(store.put(`${long}n`, 'x')).rejects.toHaveCode('ERR_WORDMASK_IO', /Cannot write .*ENAMETOOLONG/)
    await expect(store.put(path.join(long, 'below'), 'x')).rejects.toHaveCode('ERR_WORDMASK_IO', /Cannot write/)
    await mkdir(path.join(folder, 'folder'))
    await expect(store.put(path.join(folder, 'folder'), 'x')).rejects.toHaveCode('ERR_WORDMASK_IO')
    expect((await readdir(folder)).sort()).toEqual(['folder', 'n'.repeat(255)])
  })

  test('remove: a file goes, a missing one is no error, a folder is refused', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, { a: '1', 'b/c': '2' })
    await store.remove(path.join(folder, 'a'))
    await store.remove(path.join(folder, 'a'))
    await expect(store.remove(path.join(folder, 'b'))).rejects.toHaveCode('ERR_WORDMASK_IO')
    expect(await readdir(folder)).toEqual(['b'])
  })
})

describe('list', () => {
  test('every file at any depth in the order of the path bytes, hidden ones too, unfinished ones not; sizes with them', async () => {
    const folder = await temporaryFolder()
    const names = ['B', 'a', 'a!', 'a-b', 'a.txt', 'a/z', 'a/é', 'b/.hidden', 'z', 'é', '\u{FFFD}', '\u{1F98A}']
    // 'a' is a folder here, so the file of that name is left out.
    await writeFiles(folder, Object.fromEntries(names.filter((name) => name !== 'a').map((name, i) => [name, 'x'.repeat(i)])))
    await writeFiles(folder, { '.0123456789abcdef.partial': 'half' })
    const found = (await list(folder)).map(({ uri }) => path.relative(folder, uri))
    const byBytes = (x: string, y: string) => Buffer.compare(Buffer.from(x), Buffer.from(y))
    expect(found).toEqual(names.filter((name) => name !== 'a').sort(byBytes))
    expect(found.slice(0, 6)).toEqual(['B', 'a!', 'a-b', 'a.txt', 'a/z', 'a/é'])
    expect((await list(folder)).find(({ uri }) => uri.endsWith('a-b'))?.bytes).toBe(2)
    expect(await list(path.join(folder, 'nowhere'))).toEqual([])
  })

  test('links: to a file, to a folder (once), back above (left out), to nothing (left out); hard links are files', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, { 'd/1': '1', f: 'f' })
    await symlink('../d', path.join(folder, 'd', 'self'))
    await symlink('d', path.join(folder, 'e'))
    await symlink('d', path.join(folder, 'e2'))
    await symlink('f', path.join(folder, 'g'))
    await symlink('nothing', path.join(folder, 'h'))
    await symlink('i', path.join(folder, 'i'))
    await symlink('.', path.join(folder, 'j'))
    await link(path.join(folder, 'f'), path.join(folder, 'k'))
    expect((await list(folder)).map(({ uri }) => path.relative(folder, uri))).toEqual(['d/1', 'e/1', 'f', 'g', 'k'])
  })

  test('names that are not UTF-8 are file:// URIs with their bytes, and can be read, written and removed by them', async () => {
    const folder = await temporaryFolder()
    const name = Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.from([0xe9]), Buffer.from(' %.jpg')])
    await writeFile(name, 'latin1')
    const [file] = await list(folder)
    expect(file?.uri).toBe(`file://${folder}/caf%E9%20%25.jpg`)
    expect((await store.read(file!.uri)).toString()).toBe('latin1')
    await store.put(file!.uri, 'again')
    expect((await readFile(name)).toString()).toBe('again')
    await store.remove(file!.uri)
    expect(await list(folder)).toEqual([])
  })

  test('9,000 files in one folder: in order, and the event loop goes on', async () => {
    const folder = await temporaryFolder()
    const names = Array.from({ length: 9000 }, (_, i) => `${(i * 7919) % 9000}.jpg`)
    for (const name of names) writeFileSync(path.join(folder, name), '')
    let found: string[] = []
    const { longest } = await longestSilence(async () => {
      found = (await list(folder)).map(({ uri }) => path.basename(uri))
    })
    expect(found).toEqual([...names].sort())
    expect(longest).toBeLessThan(250)
  })
})

describe('storeOf', () => {
  test('one store a scheme; another scheme is refused by name', async () => {
    expect(await storeOf('/a/b')).toBe(await storeOf('file:///a/b'))
    expect((await storeOf('a')).scheme).toBe('file')
    await expect(storeOf('gs://bucket/a')).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /gs:\/\/bucket/)
  })
})
