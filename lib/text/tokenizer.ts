import { join } from 'node:path'
import { checkArray, checkString, isIterable } from '../arguments'
import { invalidArgument, madeElsewhere } from '../errors'
import { modelsFolder } from '../folders'
import { BytePairs } from './bpe'
import { clean } from './clean'

/** Row-major token ids, zero padded: `data` is [shape[0] * shape[1]], shape is [texts, contextLength]. */
export interface TokenTensor {
  data: Int32Array
  shape: [number, number]
}

/** A word of a cleaned text and the ids it became. */
export interface EncodedWord {
  word: string
  ids: number[]
}

export const startOfText = 49_406
export const endOfText = 49_407

const words = /<start_of_text>|<end_of_text>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^ \p{L}\p{N}]+/giu

/** Far beyond any model; a slip must not ask for gigabytes. */
const longestContext = 65_536

let shared: Promise<Tokenizer> | undefined

/** CLIP's tokenizer; ids are those of OpenAI's and open_clip's SimpleTokenizer (vocabulary of 49,408). */
export class Tokenizer {
  private constructor(private readonly pairs: BytePairs) {
    if (!(pairs instanceof BytePairs)) throw madeElsewhere('Tokenizer', 'Tokenizer.load()')
  }

  /** The merges that ship with the package; read once a process. */
  static load(): Promise<Tokenizer> {
    if (!shared) {
      const loading = BytePairs.load(join(modelsFolder, 'vocab', 'bpe_simple_vocab_16e6.txt.gz')).then((pairs) => new Tokenizer(pairs))
      loading.catch(() => {
        shared = undefined
      })
      shared = loading
    }
    return shared
  }

  get vocabSize(): number {
    return endOfText + 1
  }

  /** Words of the cleaned text in order, each with its ids; without the two marks. */
  *encodeWords(text: string): Generator<EncodedWord> {
    checkString('text', text)
    for (const [word] of clean(text).matchAll(words)) {
      if (word === '<start_of_text>') yield { word, ids: [startOfText] }
      else if (word === '<end_of_text>') yield { word, ids: [endOfText] }
      else yield { word, ids: this.pairs.encodeWord(word) }
    }
  }

  /** Ids of a text, without the two marks and without truncation. */
  encode(text: string): number[] {
    const ids: number[] = []
    for (const { ids: part } of this.encodeWords(text)) for (const id of part) ids.push(id)
    return ids
  }

  /**
   * Every text as start mark, ids, end mark, zero padded to `contextLength`. A longer text is cut and its last id replaced
   * by the end mark. Words with an id outside `known` are left out.
   */
  tokenize(texts: readonly string[], contextLength = 77, known?: ReadonlySet<number>): TokenTensor {
    if (!Number.isInteger(contextLength) || contextLength < 2 || contextLength > longestContext)
      throw invalidArgument('contextLength', `an integer of 2 to ${longestContext}`, contextLength)
    checkArray('texts', texts, 'an array of strings')
    if (known !== undefined && !(known instanceof Set)) throw invalidArgument('known', 'a Set of ids', known)
    const data = new Int32Array(texts.length * contextLength)
    Array.from(texts).forEach((text, row) => {
      if (typeof text !== 'string') throw invalidArgument(`texts[${row}]`, 'a string', text)
      this.fill(data.subarray(row * contextLength, (row + 1) * contextLength), text, known)
    })
    return { data, shape: [texts.length, contextLength] }
  }

  /** Length of a text with its two marks: more than the context length means that it will be cut. */
  length(text: string): number {
    return this.encode(text).length + 2
  }

  private fill(row: Int32Array, text: string, known: ReadonlySet<number> | undefined): void {
    row[0] = startOfText
    let n = 1
    for (const { ids } of this.encodeWords(text)) {
      if (known && !ids.every((id) => known.has(id))) continue
      for (const id of ids) if (n < row.length) row[n++] = id
      if (n === row.length) break
    }
    row[Math.min(n, row.length - 1)] = endOfText
  }

  /** Text of ids, words separated by spaces; ids above the vocabulary are an error. */
  decode(ids: Iterable<number>): string {
    if (!isIterable(ids) || !(Symbol.iterator in ids)) throw invalidArgument('ids', 'a list of integers', ids)
    let text = ''
    let bytes: number[] = []
    const flush = () => {
      text += Buffer.from(bytes).toString('utf8')
      bytes = []
    }
    for (const id of ids) {
      if (id === startOfText || id === endOfText) {
        flush()
        text += id === startOfText ? '<start_of_text>' : '<end_of_text>'
        continue
      }
      if (!Number.isInteger(id) || id < 0 || id >= this.pairs.size) throw invalidArgument('ids', `integers of 0..${endOfText}`, id)
      const token = this.pairs.decode(id)
      bytes.push(...token.bytes)
      if (token.end) bytes.push(0x20)
    }
    flush()
    return text
  }
}
