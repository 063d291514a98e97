import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import type { ArchiveRow } from '../../lib/archive/types'

/** What an archive knows of a picture file. */
export async function rowOf(file: string): Promise<ArchiveRow> {
  const bytes = readFileSync(file)
  const { width, height } = await sharp(bytes).metadata()
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { id: file, uri: file, width, height, bytes: bytes.length, sha256, phash: '', addedAt: '' }
}
