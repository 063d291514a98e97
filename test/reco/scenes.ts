import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { Archive } from '../../lib/archive/archive'
import type { Clip } from '../../lib/clip/clip'
import { seeded } from '../../lib/curate/random'
import { loadTinyClip } from '../api/tiny-clip'

/** A folder of pictures of coloured blocks, the later ones wide, and an archive of them by a CLIP of random weights. */
export async function smallArchive(folder: string, count = 14): Promise<{ clip: Clip; archive: Archive; photos: string; uri: string }> {
  await mkdir(folder, { recursive: true })
  const clip = await loadTinyClip(folder)
  const photos = join(folder, 'photos')
  await mkdir(photos, { recursive: true })
  for (let i = 0; i < count; i++) await blocks(join(photos, `${String(i).padStart(2, '0')}.png`), i, 48 + 4 * i, 48)
  const uri = join(folder, 'photos.archive')
  const archive = await Archive.open(uri, { clip })
  await archive.add(photos)
  return { clip, archive, photos, uri }
}

export async function blocks(file: string, seed: number, width: number, height: number): Promise<void> {
  const next = seeded(seed)
  const pixels = Buffer.from(Array.from({ length: 8 * 8 * 3 }, () => 256 * next()))
  await sharp(pixels, { raw: { width: 8, height: 8, channels: 3 } })
    .resize(width, height, { fit: 'fill' })
    .png()
    .toFile(file)
}
