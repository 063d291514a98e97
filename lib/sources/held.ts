type Read = (signal?: AbortSignal) => Promise<Uint8Array>

/** Bytes held for images of a tar, or for crops, that nobody has asked for yet. */
export const heldBytes = 64 << 20
/** Of a compressed tar, where reading again means unpacking it from the beginning. */
export const heldUnpacked = 256 << 20

/**
 * Bytes that were read on the way to an image that may be asked for them soon. A reader that collects images would hold them all: above the
 * limit the oldest are let go, and read again when they are asked for after all.
 */
export class HeldBytes {
  private readonly entries: { bytes: Uint8Array | undefined }[] = []
  private total = 0

  constructor(private readonly limit: number) {}

  /**
   * @param again reads them from where they lie
   * @param once they are asked for once, and let go then
   */
  hold(bytes: Uint8Array, again: Read, once: boolean): Read {
    const entry: { bytes: Uint8Array | undefined } = { bytes }
    this.entries.push(entry)
    this.total += bytes.length
    while (this.entries.length > 1 && (this.total > this.limit || this.entries[0]!.bytes === undefined)) this.release(this.entries.shift()!)
    return async (signal) => {
      const held = entry.bytes
      if (held === undefined) return again(signal)
      if (once) this.release(entry)
      return held
    }
  }

  private release(entry: { bytes: Uint8Array | undefined }): void {
    this.total -= entry.bytes?.length ?? 0
    entry.bytes = undefined
  }
}
