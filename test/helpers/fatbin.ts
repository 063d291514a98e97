/** What the CUDA code embedded in a library was compiled for, such as 'sm_80' (machine code) and 'compute_90' (PTX). */
export function cudaTargets(library: Buffer): string[] {
  const found = new Set<string>()
  const magic = Buffer.from([0x50, 0xed, 0x55, 0xba])
  for (let at = library.indexOf(magic); at >= 0; at = library.indexOf(magic, at + 4)) {
    const begin = at + library.readUInt16LE(at + 6)
    const end = begin + Number(library.readBigUInt64LE(at + 8))
    // An entry: kind (1 is PTX), header size, payload size; the architecture at byte 28.
    for (let entry = begin; entry + 64 <= end && end <= library.length; ) {
      const kind = library.readUInt16LE(entry)
      found.add(`${kind === 1 ? 'compute' : 'sm'}_${library.readUInt32LE(entry + 28)}`)
      entry += library.readUInt32LE(entry + 4) + Number(library.readBigUInt64LE(entry + 8))
    }
  }
  return [...found].sort()
}
