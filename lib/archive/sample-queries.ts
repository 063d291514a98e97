import type { Clip } from '../clip/clip'
import { WordmaskError } from '../errors'
import { lance } from './lance'
import type { Snapshot } from './snapshot'

/** Where an archive has no captions. */
const commonThings = (
  'dog cat horse bird fish tree flower mountain river beach street car bus train airplane bicycle boat house bridge church ' +
  'kitchen table chair bed lamp clock book phone computer bottle cup plate pizza cake apple banana hat shoe umbrella child'
).split(' ')

/** Vectors of `count` rows, spread over the archive. -> [count, dim] */
export async function imageQueries(snapshot: Snapshot, count: number): Promise<Float32Array> {
  const { vectors, rows } = snapshot
  if (!vectors) return new Float32Array(0)
  const positions = spread(rows.length, count).map((row) => snapshot.positionOf(row))
  return (await vectors.take(Float64Array.from(positions), {})).data
}

/** Texts as vectors: those given, else captions spread over the archive, else names of common things that the model knows. */
export async function textQueries(
  snapshot: Snapshot,
  clip: Clip,
  given: readonly string[] | undefined,
  count: number,
): Promise<Float32Array> {
  if (given && given.length > 0) return (await clip.encodeText(given)).data
  const captions = await someCaptions(snapshot, count)
  if (captions.length > 0) return (await clip.encodeText(captions)).data
  const known: Float32Array[] = []
  for (const name of commonThings) {
    try {
      known.push((await clip.encodeText(`a photo of a ${name}`)).data)
    } catch (error) {
      if (!(error instanceof WordmaskError) || error.code !== 'ERR_WORDMASK_VOCABULARY') throw error
    }
  }
  const all = new Float32Array(known.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const vector of known) {
    all.set(vector, at)
    at += vector.length
  }
  return all
}

async function someCaptions(snapshot: Snapshot, count: number): Promise<string[]> {
  const addresses = spread(snapshot.rows.length, count).map((row) => snapshot.rows.address(row))
  const captions = new Set<string>()
  await lance(snapshot.place, async () => {
    for await (const batch of snapshot.table.takeRowIds(addresses).select(['caption'])) {
      for (const caption of batch.getChild('caption') ?? []) if (typeof caption === 'string' && caption !== '') captions.add(caption)
    }
  })
  return [...captions]
}

function spread(rows: number, count: number): number[] {
  const chosen = Math.min(rows, count)
  return Array.from({ length: chosen }, (_, i) => Math.floor((i * rows) / chosen))
}
