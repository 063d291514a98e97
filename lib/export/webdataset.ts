import { createWriteStream } from 'node:fs'
import { readFile, rename } from 'node:fs/promises'
import path from 'node:path'
import { finished } from 'node:stream/promises'
import { type Pack, pack } from 'tar-stream'
import type { CuratedImage } from '../curate/curated-set'
import { placeOf } from '../curate/images'
import { throwIfAborted } from '../options'
import { makeFolder } from '../setup/make-folder'
import { endingOf, sniffEnding } from './names'
import { reject } from './place-files'
import type { Job, Rejected } from './record'
import { rowOf } from './rows'

/**
 * Samples lie in the order in which their bytes are read (by shard and offset), so that no more than one image is held at a time;
 * shuffle when training. A tar whose _stats.json is there is whole.
 */
export async function exportWebDataset(job: Job): Promise<number> {
  const { set, staging, shardSize, signal } = job
  const index = new Map(set.classes.map(({ entry }, i) => [entry.name, i]))
  const all = [...set.images()].sort(byPlace)
  let written = 0
  for (let first = 0, number = 0; first < all.length; first += shardSize, number++) {
    throwIfAborted(signal)
    const name = String(number).padStart(5, '0')
    const done = await statsOf(job, name)
    if (done !== undefined) {
      written += done.samples
      job.rejected.push(...done.rejected)
      continue
    }
    const part = all.slice(first, first + shardSize)
    const keyed = part.map((image, i) => ({ image, key: String(first + i).padStart(9, '0'), row: rowOf(image, index.get(image.class)!) }))
    const before = job.rejected.length
    const samples = await writeTar(job, staging.path(`${name}.tar`), keyed, all.length, first)
    const stats: Stats = { samples, rejected: job.rejected.slice(before) }
    await staging.write(`${name}_stats.json`, `${JSON.stringify(stats)}\n`)
    written += samples
  }
  await staging.write('classes.txt', `${set.classes.map(({ entry }) => entry.name).join('\n')}\n`)
  return written
}

interface Stats {
  samples: number
  rejected: Rejected[]
}

/** What an interrupted export said of a tar that it finished; written after the tar. */
async function statsOf({ staging }: Job, name: string): Promise<Stats | undefined> {
  const file = `${name}_stats.json`
  return staging.has(file) && staging.has(`${name}.tar`) ? (JSON.parse(await readFile(staging.path(file), 'utf8')) as Stats) : undefined
}

interface Sample {
  image: CuratedImage
  key: string
  row: ReturnType<typeof rowOf>
}

async function writeTar(job: Job, file: string, samples: Sample[], total: number, first: number): Promise<number> {
  await makeFolder(path.dirname(file))
  const partial = `${file}.partial`
  const tar = pack()
  const sink = createWriteStream(partial)
  tar.pipe(sink)
  const ended = finished(sink)
  ended.catch(() => {})
  let written = 0
  try {
    const places = samples.map((sample) => placeOf(sample.image, { sample }))
    for await (const { place, bytes, error } of job.read(places, { signal: job.signal })) {
      throwIfAborted(job.signal)
      const { image, key, row } = place.sample
      if (bytes === undefined) reject(job, image, error)
      else {
        await entry(tar, `${key}.${endingOf(image) ?? sniffEnding(bytes)}`, bytes)
        await entry(tar, `${key}.json`, Buffer.from(JSON.stringify(row)))
        await entry(tar, `${key}.cls`, Buffer.from(String(row.class_index)))
        if (image.caption !== undefined) await entry(tar, `${key}.txt`, Buffer.from(image.caption))
        written++
      }
      job.onProgress?.(first + written, total)
    }
    tar.finalize()
    await ended
  } catch (error) {
    tar.destroy()
    sink.destroy()
    throw error
  }
  await rename(partial, file)
  return written
}

/** Fixed times and owners: the same set gives the same bytes. Resolves when the tar has taken it. */
function entry(tar: Pack, name: string, data: Buffer): Promise<void> {
  const header = { name, size: data.length, mtime: new Date(0), mode: 0o644, uid: 0, gid: 0 }
  return new Promise((resolve, reject) => tar.entry(header, data, (error) => (error ? reject(error) : resolve())))
}

/** Code units, as a shard's members lie. */
function byPlace(a: CuratedImage, b: CuratedImage): number {
  if (a.uri !== b.uri) return a.uri < b.uri ? -1 : 1
  if ((a.offset ?? 0) !== (b.offset ?? 0)) return (a.offset ?? 0) - (b.offset ?? 0)
  return a.class < b.class ? -1 : a.class > b.class ? 1 : 0
}
