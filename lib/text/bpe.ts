import { readFile } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { WordmaskError } from '../errors'
import { mergePairs } from './merge'

/** Merges CLIP uses of the file's 262,144. */
const mergeCount = 49_152 - 256 - 2
const mergesAtOnce = 8192
/** Longer words are hardly met twice, and could be of any size. */
const longestKept = 64

/** The order of the 256 single-byte tokens: printable Latin-1 first, then the rest; bytes are written as `letters[byte]`. */
function byteAlphabet(): { order: number[]; letters: string[] } {
  const order: number[] = []
  const printable = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174
  for (let byte = 0; byte < 256; byte++) if (printable(byte)) order.push(byte)
  const shown = order.length
  for (let byte = 0; byte < 256; byte++) if (!printable(byte)) order.push(byte)
  const letters: string[] = []
  order.forEach((byte, i) => {
    letters[byte] = String.fromCharCode(i < shown ? byte : 256 + i - shown)
  })
  return { order, letters }
}

/** Byte-level byte pair encoding. Ids: 256 bytes, 256 bytes that end a word, then one id a merge, in order. */
export class BytePairs {
  readonly size = 512 + mergeCount
  private readonly byteId = new Uint16Array(256)
  /** left * 65536 + right -> id of the merged token; lower ids merge first. */
  private readonly merged = new Map<number, number>()
  private readonly cache = new Map<string, number[]>()
  private readonly strings: string[] = []
  private readonly byteOf = new Map<string, number>()

  private constructor() {
    const { order, letters } = byteAlphabet()
    order.forEach((byte, i) => {
      this.byteId[byte] = i
      this.byteOf.set(letters[byte] as string, byte)
    })
    for (const byte of order) this.strings.push(letters[byte] as string)
    for (const byte of order) this.strings.push(`${letters[byte]}</w>`)
  }

  /** Reads the merges, a gzipped text. The 48,894 lines are gone through in pieces: they take 50 ms. */
  static async load(file: string): Promise<BytePairs> {
    const packed = await readFile(file).catch((cause) => {
      throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `The tokenizer's merges are missing: ${file}. Reinstall wordmask.`, { cause })
    })
    const lines = (await promisify(gunzip)(packed)).toString('utf8').split('\n', mergeCount + 1)
    const pairs = new BytePairs()
    const ids = new Map(pairs.strings.map((token, id) => [token, id]))
    for (let line = 1; line <= mergeCount; line++) {
      pairs.addMerge(lines[line] ?? '', ids, line)
      if (line % mergesAtOnce === 0) await setImmediate()
    }
    return pairs
  }

  private addMerge(text: string, ids: Map<string, number>, line: number): void {
    const [left, right] = text.split(' ')
    const leftId = ids.get(left as string)
    const rightId = ids.get(right as string)
    if (leftId === undefined || rightId === undefined) {
      throw new WordmaskError(
        'ERR_WORDMASK_VOCABULARY',
        `Expected ${mergeCount} merges of CLIP's byte pair encoding; line ${line + 1} is not one`,
      )
    }
    const id = this.strings.length
    this.merged.set(leftId * 65536 + rightId, id)
    this.strings.push(`${left}${right}`)
    ids.set(`${left}${right}`, id)
  }

  /** Ids of one word (no white space inside). */
  encodeWord(word: string): number[] {
    const known = this.cache.get(word)
    if (known) return known
    const bytes = Buffer.from(word, 'utf8')
    const ids = Array.from(bytes, (byte) => this.byteId[byte] as number)
    ids[ids.length - 1] = (ids.at(-1) as number) + 256
    const result = mergePairs(ids, (left, right) => this.merged.get(left * 65536 + right))
    if (word.length > longestKept) return result
    if (this.cache.size >= 65_536) this.cache.clear()
    this.cache.set(word, result)
    return result
  }

  /** Text of an id: bytes, with `end` when the token ends a word. */
  decode(id: number): { bytes: number[]; end: boolean } {
    const token = this.strings[id] as string
    const end = token.endsWith('</w>')
    const letters = end ? token.slice(0, -4) : token
    return { bytes: Array.from(letters, (letter) => this.byteOf.get(letter) as number), end }
  }
}
