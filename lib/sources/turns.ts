import { setImmediate } from 'node:timers/promises'

/** Rows made between two turns of the event loop where nothing else waits for one. */
export const rowsAtOnce = 512
const bytesAtOnce = 64 << 10

/** The same bytes with a turn of the event loop after every 64 KiB: parsers work through what they get without one. */
export async function* inTurns(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of stream) {
    for (let from = 0; from < piece.length; from += bytesAtOnce) {
      yield piece.subarray(from, from + bytesAtOnce)
      await setImmediate()
    }
  }
}
