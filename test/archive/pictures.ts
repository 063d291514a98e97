import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, expect } from 'vitest'
import type { Archive } from '../../lib/archive/archive'
import type { ArchiveRow, SourceImage } from '../../lib/archive/types'

/** A folder that is gone after the tests of the file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wordmask-archive-'))
  afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}

/** Smooth coloured waves: another picture for every seed. */
export function wavePixels(width: number, height: number, seed: number): Uint8Array {
  const data = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++)
        data[(y * width + x) * 3 + c] =
          128 + 120 * Math.sin((x * ((seed * (c + 1)) % 7) + y * ((seed + c) % 5)) / (4 + (seed % 11)) + seed * (c + 1))
    }
  }
  return data
}

export function wave(seed: number, width = 40, height = 30): Promise<Buffer> {
  return sharp(wavePixels(width, height, seed), { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()
}

/** Writes `count` pictures as 00000.png ...; every name in `broken` gets these bytes instead. -> paths */
export async function writePictures(folder: string, count: number, broken: Record<number, Uint8Array> = {}): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  const files = Array.from({ length: count }, (_, i) => join(folder, `${String(i).padStart(5, '0')}.png`))
  for (const [i, file] of files.entries()) await writeFile(file, broken[i] ?? (await wave(i)))
  return files
}

export interface Counted {
  reads: number
}

/** Files as a source gives them, with a count of how often one was read. */
export function* filesAsImages(
  files: readonly string[],
  counted: Counted = { reads: 0 },
  more: Partial<SourceImage> = {},
): Generator<SourceImage> {
  for (const file of files) {
    const bytes = async () => {
      counted.reads++
      return readFileSync(file)
    }
    yield { id: file, uri: file, bytes, ...more }
  }
}

export async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of list) items.push(item)
  return items
}

/** Every row in order, without the date. */
export function wholeRows(archive: Archive): Promise<ArchiveRow[]> {
  const fields = ['id', 'uri', 'width', 'height', 'bytes', 'sha256', 'phash', 'caption', 'parent', 'box', 'metadata', 'vector'] as const
  return all(archive.rows({ return: [...fields] }))
}

/** The same rows in the same order. Vectors may differ by rounding: who shares a pass of the tower with whom differs from run to run. */
export function expectSameRows(found: readonly ArchiveRow[], wanted: readonly ArchiveRow[], message?: string): void {
  const bare = (rows: readonly ArchiveRow[]) => rows.map(({ vector: _, ...row }) => row)
  expect(bare(found), message).toEqual(bare(wanted))
  for (const [i, { vector }] of wanted.entries()) {
    const apart = vector!.map((value, j) => Math.abs(value - found[i]!.vector![j]!))
    expect(Math.max(...apart), message).toBeLessThan(1e-3)
  }
}
