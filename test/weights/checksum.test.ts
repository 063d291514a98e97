import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { binding } from '../../lib/binding'

const fixtures = fileURLToPath(new URL('../fixtures/checkpoints/', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'wordmask-checksum-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  )

interface ZipRecord {
  name: string
  /** Place of its checksum in the central directory. */
  crcAt: number
  data: number
  size: number
}

/** Records of a small zip by its central directory, whose place the last 22 bytes say. */
function recordsOf(zip: Buffer): ZipRecord[] {
  const found: ZipRecord[] = []
  let at = zip.readUInt32LE(zip.length - 6)
  while (zip.readUInt32LE(at) === 0x02014b50) {
    const local = zip.readUInt32LE(at + 42)
    const [name, extra, comment] = [28, 30, 32].map((field) => zip.readUInt16LE(at + field)) as [number, number, number]
    found.push({
      name: zip.toString('utf8', at + 46, at + 46 + name),
      crcAt: at + 16,
      data: local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28),
      size: zip.readUInt32LE(at + 20),
    })
    at += 46 + name + extra + comment
  }
  return found
}

const storages = (zip: Buffer) => recordsOf(zip).filter(({ name, size }) => /\/data\/\w+$/.test(name) && size > 0)

/** Every tensor of a file, as its values or the error it gives. */
async function readAll(file: string): Promise<Map<string, unknown>> {
  const { tensors } = await binding().readCheckpoint([file], {})
  const answers = await Promise.all(
    tensors.map(({ key }) =>
      binding()
        .readTensor([file], key, {})
        .catch((error) => error),
    ),
  )
  return new Map(tensors.map(({ key }, i) => [key, answers[i]]))
}

describe.each(['plain.pth', 'scripted.pt', 'protocol5.pth', 'deflated.pth'])('one flipped bit in %s', (name) => {
  const whole = readFileSync(join(fixtures, name))

  it('in any storage: the tensors that lie there are refused by the checksum, all others are read', async () => {
    const places = storages(whole)
    expect(places.length).toBeGreaterThan(3)
    const original = await readAll(join(fixtures, name))
    for (const { name: record, data, size } of places) {
      const file = join(scratch, name)
      const changed = Buffer.from(whole)
      const byte = data + (size >> 1)
      changed[byte] = changed[byte]! ^ 4
      writeFileSync(file, changed)
      // OpenAI's sizes and deflated data are looked at when the file is opened.
      const answers = await readAll(file).catch((error) => new Map<string, unknown>([['', error]]))
      const errors = [...answers.values()].filter((answer) => answer instanceof Error)
      // Of deflated data a bit may be padding.
      if (name !== 'deflated.pth') expect(errors.length, record).toBeGreaterThan(0)
      for (const error of errors) expect(error).toHaveCode('ERR_WORDMASK_CHECKPOINT', /checksum|truncated or damaged/)
      for (const [key, answer] of answers) if (!(answer instanceof Error)) expect(answer, record).toEqual(original.get(key))
    }
  })

  it('in the pickle: the file is refused when it is opened', async () => {
    const { data, size } = recordsOf(whole).find(({ name: record }) => record.endsWith('/data.pkl'))!
    const file = join(scratch, name)
    const changed = Buffer.from(whole)
    changed[data + size - 3] = changed[data + size - 3]! ^ 1
    writeFileSync(file, changed)
    expect(await failure(binding().readCheckpoint([file], {}))).toHaveCode('ERR_WORDMASK_CHECKPOINT')
  })
})

it('a checksum of 0 is none (torch.save can leave them out): such a file is read', async () => {
  const without = Buffer.from(readFileSync(join(fixtures, 'plain.pth')))
  for (const { crcAt, data, size } of recordsOf(without)) {
    without.writeUInt32LE(0, crcAt)
    if (without.readUInt32LE(data + size) === 0x08074b50) without.writeUInt32LE(0, data + size + 4)
  }
  const file = join(scratch, 'without.pth')
  writeFileSync(file, without)
  const [answers, expected] = await Promise.all([readAll(file), readAll(join(fixtures, 'plain.pth'))])
  expect(answers).toEqual(expected)
  expect([...answers.values()].filter((answer) => answer instanceof Error)).toEqual([])
})
