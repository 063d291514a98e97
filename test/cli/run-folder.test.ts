import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Journal, readJournal } from '../../lib/run/journal.js'
import { OutputNames } from '../../lib/run/names.js'
import { npyHeader, RowWriter, safetensorsHeader } from '../../lib/run/rows.js'
import { differences, hashWeights, RunRecord, readRun, settingsKey } from '../../lib/run/run-file.js'

const folder = mkdtempSync(join(tmpdir(), 'wordmask-run-'))
afterAll(() => rmSync(folder, { recursive: true }))
const line = (image: string, name = image) => ({ image, name, bytes: 1, modified: 2 })
const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  )

describe('output names', () => {
  test('mirror the tree without endings', () => {
    expect(new OutputNames().take('/x/a/cat.jpg', 'a/cat.jpg')).toBe('a/cat')
  })
  test('a name that is all ending is kept whole', () => {
    const names = new OutputNames()
    expect(names.take('/x/.png', '.png')).toBe('.png')
    expect(names.take('/x/a/.jpg', 'a/.jpg')).toBe('a/.jpg')
  })
  test('two images of one stem, and two of one relative path, never share a name', () => {
    const names = new OutputNames()
    const given = ['/x/cat.jpg', '/x/cat.png', '/y/cat.jpg', '/z/cat.jpg'].map((image) => names.take(image, image.slice(3)))
    expect(given.slice(0, 3)).toEqual(['cat', 'cat.png', 'cat.jpg'])
    expect(given[3]).toMatch(/^cat\.jpg-[0-9a-f]{8}$/)
  })
  test('an image keeps the name it had in an earlier sitting, whatever comes before it now', () => {
    const names = new OutputNames([{ image: '/x/cat.jpg', name: 'cat' }])
    expect(names.take('/x/cat.gif', 'cat.gif')).toBe('cat.gif')
    expect(names.take('/x/cat.jpg', 'cat.jpg')).toBe('cat')
  })
})

describe('journal', () => {
  test('a torn last line is cut off and the file goes on', async () => {
    const file = join(folder, 'torn.jsonl')
    const first = await Journal.open(file, true)
    await first.append(line('a'))
    await first.close()
    appendFileSync(file, '{"image":"b","na')
    const second = await Journal.open(file, false)
    expect([...second.done.keys()]).toEqual(['a'])
    await second.append(line('c'))
    await second.close()
    const images: string[] = []
    for await (const entry of readJournal(file)) images.push(entry.image)
    expect(images).toEqual(['a', 'c'])
  })
  test('a line damaged in the middle is cut off with what follows it, which is done again', async () => {
    const file = join(folder, 'damaged.jsonl')
    const first = await Journal.open(file, true)
    for (const image of ['a', 'b', 'c']) await first.append(line(image))
    await first.close()
    const lines = readFileSync(file, 'utf8').split('\n')
    lines[2] = lines[2]!.slice(0, 14)
    writeFileSync(file, lines.join('\n'))
    const second = await Journal.open(file, false)
    expect([...second.done.keys()]).toEqual(['a'])
    expect(second.lineCount).toBe(1)
    await second.append(line('d'))
    await second.close()
    expect(readFileSync(file, 'utf8').split('\n').slice(2)).toEqual([JSON.stringify(line('d')), ''])
  })
  test.each([
    ['text without a newline', 'dear diary'],
    ['lines that are no JSON', 'dear diary\nall is well\n'],
    ['an empty line', '\n'],
    ['JSON of somebody else without a newline', '{"image":"a.jpg"}'],
  ])('a file of that name with %s is refused and stays as it is', async (_, text) => {
    const file = join(folder, 'images.jsonl')
    writeFileSync(file, text)
    expect(await caught(Journal.open(file, false))).toHaveCode('ERR_WORDMASK_IO', /no wordmask journal/)
    expect(readFileSync(file, 'utf8')).toBe(text)
  })
  test('a header torn by a crash is written again', async () => {
    const file = join(folder, 'header.jsonl')
    writeFileSync(file, '{"format":"wordm')
    const journal = await Journal.open(file, false)
    await journal.append(line('a'))
    await journal.close()
    expect([...(await Journal.open(file, false)).done.keys()]).toEqual(['a'])
  })
  test('a file of another kind and a newer version are refused', async () => {
    const other = join(folder, 'other.jsonl')
    writeFileSync(other, '{"format":"something"}\n')
    expect(await caught(Journal.open(other, false))).toHaveCode('ERR_WORDMASK_IO', /no wordmask journal/)
    writeFileSync(other, '{"format":"wordmask-images","version":9}\n')
    expect(await caught(Journal.open(other, false))).toHaveCode('ERR_WORDMASK_VERSION', /format 9/)
  })
  test('an image done twice is read once, with its later line', async () => {
    const file = join(folder, 'twice.jsonl')
    const journal = await Journal.open(file, true)
    for (const bytes of [1, 5]) await journal.append({ ...line('a'), bytes })
    await journal.close()
    const seen: number[] = []
    for await (const entry of readJournal(file)) seen.push(entry.bytes)
    expect(seen).toEqual([5])
  })
})

describe('rows', () => {
  test('npy: 128 rows in two sittings, rows beyond the recorded ones cut off; read back byte by byte', async () => {
    const file = join(folder, 'rows.npy')
    const first = await RowWriter.open(file, 2, npyHeader, 0)
    await first.append(Float32Array.of(1, 2, 3, 4, 99, 99))
    await first.pause()
    const second = await RowWriter.open(file, 2, npyHeader, 2)
    await second.append(Float32Array.of(5, 6))
    await second.finish()
    const data = readFileSync(file)
    const length = data.readUInt16LE(8)
    expect((10 + length) % 64).toBe(0)
    expect(data.toString('latin1', 10, 10 + length)).toContain("'shape': (3, 2)")
    expect([...new Float32Array(data.buffer.slice(data.byteOffset + 10 + length, data.byteOffset + data.length))]).toEqual([
      1, 2, 3, 4, 5, 6,
    ])
  })
  test('safetensors: the header parses and its offsets cover the file exactly', async () => {
    const file = join(folder, 'rows.safetensors')
    const rows = await RowWriter.open(file, 3, safetensorsHeader, 0)
    await rows.append(Float32Array.of(1, 2, 3))
    await rows.finish()
    const data = readFileSync(file)
    const length = Number(data.readBigUInt64LE(0))
    const { embeddings } = JSON.parse(data.toString('utf8', 8, 8 + length))
    expect(embeddings).toEqual({ dtype: 'F32', shape: [1, 3], data_offsets: [0, data.length - 8 - length] })
  })
  test('fewer rows on disk than were recorded is an error, not a silent gap', async () => {
    const file = join(folder, 'short.npy')
    const rows = await RowWriter.open(file, 2, npyHeader, 0)
    await rows.append(Float32Array.of(1, 2))
    await rows.pause()
    expect(await caught(RowWriter.open(file, 2, npyHeader, 5))).toHaveCode('ERR_WORDMASK_IO', /5 rows/)
  })
})

describe('run.json', () => {
  const facts = {
    command: 'segment',
    argv: ['segment', 'x'],
    cwd: '/',
    libtorch: '2.11.0',
    addon: '0',
    device: 'cpu',
    dtype: 'float32',
    threads: 2,
    seed: 0,
    model: { name: 'scenes', family: 'clip', licence: 'MIT', weights: [] },
    classes: ['fox'],
    settings: { b: 1, a: { y: 1, x: 2 } },
    notes: ['n'],
  }
  test('a second sitting with the same settings adds up, one with others starts anew', async () => {
    const first = await RunRecord.start(folder, facts)
    first.counts.done = 3
    expect(await first.finish('interrupted')).toMatchObject({ status: 'interrupted', counts: { done: 3 }, notes: ['n'], sittings: 1 })
    const again = await RunRecord.start(folder, { ...facts, settings: { a: { x: 2, y: 1 }, b: 1 } })
    expect(await again.finish('done')).toMatchObject({ sittings: 2, status: 'done' })
    const other = await RunRecord.start(folder, { ...facts, settings: { a: 1 } })
    expect(await other.finish('done')).toMatchObject({ sittings: 1 })
    expect(await readRun(join(folder, 'run.json'))).toMatchObject({ format: 'wordmask-run', version: 1, argv: ['segment', 'x'] })
  })
  test('settings compare by value, and differences are named', () => {
    expect(settingsKey({ a: 1, b: [1, 2] })).toBe(settingsKey({ b: [1, 2], a: 1 }))
    expect(settingsKey({ a: [1, 2] })).not.toBe(settingsKey({ a: [2, 1] }))
    expect(differences({ a: 1, b: 2, c: 3 }, { a: 1, b: 3 })).toEqual(['b', 'c'])
  })
  test('refused: missing, not JSON, another format, argv that is no list, a newer version', async () => {
    const file = join(folder, 'bad.json')
    expect(await caught(readRun(join(folder, 'none.json')))).toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND')
    for (const text of ['{', '{"format":"coco"}', '{"format":"wordmask-run","version":1,"argv":[1]}']) {
      writeFileSync(file, text)
      expect(await caught(readRun(file))).toHaveCode('ERR_WORDMASK_IO', /run\.json/)
    }
    writeFileSync(file, '{"format":"wordmask-run","version":2,"argv":[]}')
    expect(await caught(readRun(file))).toHaveCode('ERR_WORDMASK_VERSION', /format 2/)
  })
  test('weights are hashed as sha256sum does', async () => {
    const file = join(folder, 'weights.bin')
    writeFileSync(file, Buffer.alloc(3_000_000, 7))
    const [hash] = await hashWeights([file])
    expect(hash).toMatchObject({ bytes: 3_000_000, sha256: execFileSync('sha256sum', [file], { encoding: 'utf8' }).slice(0, 64) })
  })
})
