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

/** Texts as vectors: those given, else captions spread over the archive, else names of common things, of both those that the model knows. */
export async function textQueries(
  snapshot: Snapshot,
  clip: Clip,
  given: readonly string[] | undefined,
  count: number,
): Promise<Float32Array> {
  if (given && given.length > 0) return (await clip.encodeText(given)).data
  const captions = await knownTexts(clip, await someCaptions(snapshot, count))
  if (captions.length > 0) return captions
  return knownTexts(
    clip,
    commonThings.map((name) => `a photo of a ${name}`),
  )
}

/** Vectors of the texts whose words the model knows, one after the other. */
async function knownTexts(clip: Clip, texts: readonly string[]): Promise<Float32Array> {
  try {
    return texts.length === 0 ? new Float32Array(0) : (await clip.encodeText(texts)).data
  } catch (error) {
    if (!(error instanceof WordmaskError) || error.code !== 'ERR_WORDMASK_VOCABULARY') throw error
    if (texts.length === 1) return new Float32Array(0)
  }
  const half = texts.length >> 1
  const parts = [await knownTexts(clip, texts.slice(0, half)), await knownTexts(clip, texts.slice(half))]
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0))
  all.set(parts[0] as Float32Array)
  all.set(parts[1] as Float32Array, (parts[0] as Float32Array).length)
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
