import { createHash } from 'node:crypto'
import type { ArchiveRow } from '../archive/types'

/** First bytes -> ending, for members and URIs whose name has none. */
const signatures: [string, number[]][] = [
  ['jpg', [0xff, 0xd8, 0xff]],
  ['png', [0x89, 0x50, 0x4e, 0x47]],
  ['gif', [0x47, 0x49, 0x46, 0x38]],
  ['webp', [0x52, 0x49, 0x46, 0x46]],
  ['tif', [0x49, 0x49, 0x2a, 0x00]],
  ['tif', [0x4d, 0x4d, 0x00, 0x2a]],
]

const endings = ['jpg', 'jpeg', 'png', 'gif', 'webp', 'tif', 'tiff', 'avif', 'heic', 'jp2', 'jxl']

/** Ending of the image's own name in lower case ('jpeg' is 'jpg'), or undefined where it has none that is known. */
export function endingOf(row: Pick<ArchiveRow, 'uri' | 'key'>): string | undefined {
  const ending = /\.([A-Za-z0-9]{1,5})(?:[?#].*)?$/.exec(row.key ?? row.uri)?.[1]?.toLowerCase()
  if (ending === undefined || !endings.includes(ending)) return undefined
  return ending === 'jpeg' ? 'jpg' : ending
}

/** What the first bytes say; 'bin' where they say nothing. */
export function sniffEnding(bytes: Uint8Array): string {
  return signatures.find(([, first]) => first.every((byte, i) => bytes[i] === byte))?.[0] ?? 'bin'
}

/**
 * A file name for each image, without ending: the stem of its own name where that is safe everywhere and no other image has it in
 * any spelling, else the stem and eight digits of the hash of its id. The same set always gives the same names.
 */
export function stems(rows: readonly Pick<ArchiveRow, 'id' | 'uri' | 'key'>[]): string[] {
  const plain = rows.map((row) => plainStem(row.key ?? row.uri))
  const owners = new Map<string, Set<string>>()
  for (const [i, stem] of plain.entries()) {
    const ids = owners.get(stem.toLowerCase()) ?? new Set()
    owners.set(stem.toLowerCase(), ids.add(rows[i]!.id))
  }
  return plain.map((stem, i) => {
    if (owners.get(stem.toLowerCase())!.size === 1 && !reserved.test(stem)) return stem
    return `${stem}-${createHash('sha256').update(rows[i]!.id).digest('hex').slice(0, 12)}`
  })
}

/** Device names of Windows, which no file there may have. */
const reserved = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i

function plainStem(name: string): string {
  const last = name
    .replace(/[?#].*$/, '')
    .split(/[\\/]/)
    .at(-1) as string
  const safe = last
    .replace(/\.[A-Za-z0-9]{1,5}$/, '')
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}._-]+/gu, '_')
    .replace(/^[._]+|[._]+$/g, '')
  return Array.from(safe).slice(0, 60).join('') || 'image'
}
