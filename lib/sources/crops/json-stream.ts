import { WordmaskError } from '../../errors'
import { inTurns } from '../turns'

/** Longest single value that is held, in bytes. */
const maxValue = 64 << 20

/** A value of the outermost object; of a list each element by itself, in order. */
export interface JsonPart {
  name: string
  element: boolean
  value: unknown
}

/**
 * Reads a JSON file of any size whose outermost value is an object, as detectors write: no more than one value, or one element of a
 * list, is held.
 *
 * @throws ERR_WORDMASK_INVALID_ARGUMENT where it is no JSON object
 */
export async function* jsonParts(uri: string, stream: AsyncIterable<Uint8Array>): AsyncGenerator<JsonPart, void, undefined> {
  const scanner = new Scanner(uri)
  for await (const chunk of inTurns(stream)) yield* scanner.feed(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
  scanner.end()
}

const [quote, backslash, comma, colon, openList, closeList, openObject, closeObject] = Buffer.from('"\\,:[]{}')

class Scanner {
  /** Brackets that are open; 1 is within the outermost object. */
  private depth = 0
  private done = false
  private inString = false
  private escaped = false
  /** Within a list of the outermost object, whose elements are given one by one. */
  private inList = false
  private name: string | undefined
  private parts: Buffer[] = []
  private held = 0
  private from = -1

  constructor(private readonly uri: string) {}

  *feed(chunk: Buffer): Generator<JsonPart, void, undefined> {
    if (this.held > 0) this.from = 0
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] as number
      if (this.inString) {
        if (this.escaped) this.escaped = false
        else if (byte === backslash) this.escaped = true
        else if (byte === quote) this.inString = false
        continue
      }
      if (byte <= 32) continue
      const edge = this.depth === 1 || (this.inList && this.depth === 2)
      if (byte === quote) {
        this.begin(i)
        this.inString = true
      } else if (byte === openObject || byte === openList) this.opened(byte, i)
      else if (byte === closeObject || byte === closeList) {
        if (edge) yield* this.take(chunk, i)
        this.closed(byte)
      } else if (edge && byte === comma) yield* this.take(chunk, i)
      else if (this.depth === 1 && byte === colon && this.name === undefined) this.named(chunk, i)
      else this.begin(i)
    }
    if (this.from >= 0) this.hold(chunk.subarray(this.from))
    this.from = -1
  }

  end(): void {
    if (!this.done) throw this.bad('it ends in the middle')
  }

  private begin(at: number): void {
    if (this.depth === 0) throw this.bad('its outermost value is no object')
    if (this.from < 0 && this.held === 0) this.from = at
  }

  private opened(byte: number, at: number): void {
    if (this.depth === 0 && (byte !== openObject || this.done)) throw this.bad('its outermost value is no object')
    const isList = byte === openList && this.depth === 1 && this.name !== undefined && this.from < 0 && this.held === 0
    if (isList) this.inList = true
    else if (this.depth > 0) this.begin(at)
    this.depth++
  }

  private closed(byte: number): void {
    this.depth--
    if (this.inList && this.depth === 1) this.inList = false
    if (this.depth === 0) this.done = true
    if (this.depth < 0) throw this.bad(`there is a ${String.fromCharCode(byte)} too many`)
  }

  private named(chunk: Buffer, end: number): void {
    const name = this.text(chunk, end)
    this.name = typeof name === 'string' ? name : ''
  }

  private *take(chunk: Buffer, end: number): Generator<JsonPart, void, undefined> {
    const some = this.from >= 0 || this.held > 0
    if (some) {
      if (this.name === undefined) throw this.bad('a value has no name')
      yield { name: this.name, element: this.inList, value: this.text(chunk, end) }
    }
    if (!this.inList) this.name = undefined
  }

  /** What was collected, up to `end`. */
  private text(chunk: Buffer, end: number): unknown {
    if (this.from >= 0) this.hold(chunk.subarray(this.from, end))
    const text = Buffer.concat(this.parts).toString('utf8')
    this.parts = []
    this.held = 0
    this.from = -1
    try {
      return JSON.parse(text)
    } catch (error) {
      throw this.bad((error as Error).message)
    }
  }

  private hold(part: Buffer): void {
    this.held += part.length
    if (this.held > maxValue) throw this.bad(`one of its values is longer than ${maxValue} bytes`)
    this.parts.push(part)
  }

  private bad(what: string): WordmaskError {
    return new WordmaskError('ERR_WORDMASK_INVALID_ARGUMENT', `${this.uri} cannot be read as JSON: ${what}`)
  }
}
