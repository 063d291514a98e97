import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type Header, pack } from 'tar-stream'
import { expect, onTestFinished } from 'vitest'
import type { Reject, SourceImage } from '../../lib/archive/types'
import { openSource, readPlace, readPlaces, type SourceInput, type SourceOptions } from '../../lib/sources'

/** Removed when the test is over. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'wordmask-sources-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Files by their paths; nothing is decoded here, so any bytes are an image. */
export async function writeFiles(folder: string, files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [name, data] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true })
    await writeFile(path.join(folder, name), data)
  }
}

export type TarEntry = [name: string, data: string | Uint8Array, header?: Partial<Header>]

/** A tar as tar-stream writes it. */
export async function tarOf(entries: TarEntry[]): Promise<Buffer> {
  const tar = pack()
  for (const [name, data, header] of entries) tar.entry({ name, ...header }, Buffer.from(data))
  tar.finalize()
  const pieces: Buffer[] = []
  for await (const piece of tar) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}

export const gnuTar = (folder: string, ...args: string[]): Buffer =>
  execFileSync('tar', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })

export interface Opened {
  images: SourceImage[]
  rejects: Reject[]
  notices: string[]
}

export async function opened(sources: SourceInput | SourceInput[], options: SourceOptions = {}): Promise<Opened> {
  const result: Opened = { images: [], rejects: [], notices: [] }
  const told = { onReject: (reject: Reject) => result.rejects.push(reject), onNotice: (notice: string) => result.notices.push(notice) }
  for await (const image of openSource(sources, { ...told, ...options })) result.images.push(image)
  return result
}

/** Bytes from the source, from the row's place alone, and from all places at once are the same. */
export async function expectReadBack(images: SourceImage[]): Promise<void> {
  const expected = new Map<string, Buffer>()
  const places = []
  for (const image of images) {
    const bytes = Buffer.from(await image.bytes())
    const again = Buffer.from(await image.bytes())
    const { id, uri, key, offset, length } = image
    const place = JSON.parse(JSON.stringify({ id, uri, key, offset, length }))
    expect(again.equals(bytes), `second bytes() of ${uri} ${key}`).toBe(true)
    expect((await readPlace(place)).equals(bytes), `readPlace of ${uri} ${key}`).toBe(true)
    expected.set(id, bytes)
    places.push(place)
  }
  expect(expected.size, 'ids are unique').toBe(images.length)
  let count = 0
  for await (const { place, bytes, error } of readPlaces(places as { id: string; uri: string }[])) {
    expect(error).toBeUndefined()
    expect(bytes?.equals(expected.get(place.id)!), `readPlaces of ${place.uri}`).toBe(true)
    count++
  }
  expect(count).toBe(images.length)
}

/** Numbers from 0 to 1 that are the same in every run. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

export function noise(random: () => number, bytes: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, () => Math.floor(random() * 256)))
}
