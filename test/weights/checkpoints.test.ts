import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { binding } from '../../lib/binding'

const folder = fileURLToPath(new URL('../fixtures/checkpoints/', import.meta.url))
const at = (name: string) => join(folder, name)

interface Expected {
  format: string
  metadata: Record<string, string>
  tensors: Record<string, { dtype: string; shape: number[]; values: number[] }>
}
/** What the real torch, numpy and safetensors wrote; see test/fixtures/checkpoints.py. */
const expected: Record<string, Expected> = JSON.parse(readFileSync(at('expected.json'), 'utf8'))

const scratch = mkdtempSync(join(tmpdir(), 'wordmask-weights-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const read = (...files: string[]) => binding().readCheckpoint(files, {})
const rejection = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  )

describe('checkpoints written by the real libraries read as what was written', () => {
  it.each(Object.keys(expected))('%s', async (name) => {
    const { format, metadata, tensors } = expected[name]!
    const summary = await read(at(name))
    expect(summary.format).toBe(format)
    expect(summary.metadata).toEqual(metadata)
    const found = Object.fromEntries(summary.tensors.map(({ key, dtype, shape }) => [key, { dtype, shape }]))
    expect(found).toEqual(Object.fromEntries(Object.entries(tensors).map(([key, { dtype, shape }]) => [key, { dtype, shape }])))
    for (const [key, { shape, values }] of Object.entries(tensors)) {
      const tensor = await binding().readTensor([at(name)], key, {})
      expect(tensor.shape).toEqual(shape)
      expect([...tensor.data], key).toEqual(values.map(Math.fround))
    }
  })

  it('a tensor that is not there is named', async () => {
    const error = await rejection(binding().readTensor([at('plain.pth')], 'wight', {}))
    expect(error).toHaveCode('ERR_WORDMASK_CHECKPOINT_KEYS', /'wight'/)
  })

  it('the caller may change a tensor it was given: the file stays as it was', async () => {
    const before = readFileSync(at('reference.safetensors'))
    const tensor = await binding().readTensor([at('reference.safetensors')], 'weight', {})
    tensor.data.fill(7)
    expect(readFileSync(at('reference.safetensors')).equals(before)).toBe(true)
  })
})

describe('pickles that name code', () => {
  it.each(['forbidden.pth', 'forbidden-legacy.pth', 'forbidden.pkl'])('%s is refused by name and nothing is run', async (name) => {
    const error = await rejection(read(at(name)))
    expect(error).toHaveCode('ERR_WORDMASK_CHECKPOINT_FORBIDDEN', /'posix\.system'/)
    expect(existsSync('/tmp/wordmask-was-here')).toBe(false)
  })

  it('a whole pickled module is refused, naming its class and the way out', async () => {
    const error = await rejection(read(at('whole-module.pth')))
    expect(error).toHaveCode('ERR_WORDMASK_CHECKPOINT_FORBIDDEN', /torch\.nn\.modules\.linear\.Linear.*save_file/)
  })

  it.each([
    ['c builtins eval', 'cbuiltins\neval\n.'],
    ['a name split over the two lines of a global', 'cposix\nsystem\n(S"ls"\ntR.'],
    ['STACK_GLOBAL', '\x80\x04\x8c\x08builtins\x8c\x04exec\x93.'],
    ['INST', '(S"ls"\nios\nsystem\n.'],
    ['a module that begins like an allowed one', 'ctorch.storagex\nFloatStorage\n.'],
    ['a module behind __torch__ that is not TorchScript', 'c__torch__x\nsystem\n.'],
  ])('%s', async (_, text) => {
    const file = join(scratch, 'code.pkl')
    writeFileSync(file, Buffer.from(text.startsWith('\x80') || text.startsWith('(') ? text : `\x80\x02${text}`, 'latin1'))
    expect(await rejection(read(file))).toHaveCode('ERR_WORDMASK_CHECKPOINT_FORBIDDEN')
  })
})

describe('damaged files', () => {
  const names = Object.keys(expected)

  it.each(names)('%s cut at any of 40 places is ERR_WORDMASK_CHECKPOINT', async (name) => {
    const whole = readFileSync(at(name))
    const file = join(scratch, `cut-${name}`)
    for (let i = 0; i < 40; i++) {
      const length = Math.floor((whole.length * i) / 40)
      writeFileSync(file, whole.subarray(0, length))
      expect(await rejection(read(file)), `${length} of ${whole.length} bytes`).toHaveCode('ERR_WORDMASK_CHECKPOINT', /cut-/)
    }
  })

  it.each([
    ['missing', join(scratch, 'no-such.pth'), 'ERR_WORDMASK_FILE_NOT_FOUND', /no-such/],
    ['a folder', folder, 'ERR_WORDMASK_CHECKPOINT', /folder/],
  ])('%s', async (_, path, code, message) => {
    expect(await rejection(read(path))).toHaveCode(code, message)
  })

  it.each([
    ['empty', '', /empty/],
    ['text', 'hello, world: this is no checkpoint at all', /no checkpoint/],
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n', /git lfs pull/],
    ['a pickle that uses a memo entry never stored', '\x80\x02h\x07.', /memo/],
    ['a pickle that pops an empty stack', '\x80\x020.', /empty stack/],
    ['a pickle with an unknown opcode', '\x80\x02\xff.', /unknown opcode 255/],
    ['a pickle of a newer protocol', '\x80\x09N.', /protocol 9/],
    ['a pickle of a number', '\x80\x02K\x01.', /no dict/],
    ['a pickled dict without tensors', '\x80\x02}X\x05\x00\x00\x00epochK\x01s.', /holds epoch/],
    ['a dict that contains itself', '\x80\x02}q\x00X\x05\x00\x00\x00modelh\x00s.', /Expected a state dict/],
  ])('%s', async (_, text, message) => {
    const file = join(scratch, 'damaged.bin')
    writeFileSync(file, Buffer.from(text, 'latin1'))
    expect(await rejection(read(file))).toHaveCode('ERR_WORDMASK_CHECKPOINT', message)
  })

  it.each(['plain.pth', 'scripted.pt', 'deflated.pth', 'legacy.pth', 'reference.safetensors'])(
    '%s with any bytes changed is read or refused, never worse',
    async (name) => {
      const whole = readFileSync(at(name))
      const file = join(scratch, `changed-${name}`)
      const random = mulberry32(17)
      const codes = new Set<string>()
      for (let i = 0; i < 150; i++) {
        const changed = Buffer.from(whole)
        for (let j = 0; j <= i % 4; j++) changed[Math.floor(random() * changed.length)] = Math.floor(random() * 256)
        writeFileSync(file, changed)
        const outcome = await read(file)
          .then(async ({ tensors }) => {
            // What is accepted can be read to the last tensor, unless a checksum says that its data changed.
            for (const { key } of tensors) await binding().readTensor([file], key, {})
            return 'read'
          })
          .catch(({ code }) => code)
        codes.add(outcome)
      }
      expect([...codes].filter((code) => !/^read$|^ERR_WORDMASK_CHECKPOINT(?:_FORBIDDEN)?$/.test(code))).toEqual([])
      expect(codes).toContain('ERR_WORDMASK_CHECKPOINT')
    },
  )
})

/** Seeded uniform numbers below 1. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
