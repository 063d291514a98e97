import type { Clip } from '../clip/clip'
import { invalidArgument, WordmaskError } from '../errors'
import type { ImageInput } from '../image/input'
import type { Templates } from '../text/prompts'
import { unit } from './embed'

/** One thing to look for: a text, an image, or a vector of the archive's length (unit length not required). */
export type QueryPart = string | { text: string } | { image: ImageInput } | { vector: ArrayLike<number> }

/**
 * What to search for. With `plus` and `minus`: the sum of the unit vectors of one minus that of the other, of unit length
 * again.
 */
export type SearchQuery = QueryPart | { plus: readonly QueryPart[]; minus?: readonly QueryPart[] }

interface Term {
  part: Exclude<QueryPart, string>
  query: number
  sign: 1 | -1
}

/** -> unit vectors [queries, dim] */
export async function queryVectors(
  queries: readonly SearchQuery[],
  dim: number,
  clip: () => Promise<Clip>,
  { templates = 'none', signal }: { templates?: Templates | undefined; signal?: AbortSignal | undefined },
): Promise<Float32Array> {
  const terms = queries.flatMap(termsOf)
  const texts = terms.flatMap(({ part }) => ('text' in part ? [part.text] : []))
  const images = terms.flatMap(({ part }) => ('image' in part ? [part.image] : []))
  const run = signal ? { signal } : {}
  const text = texts.length > 0 ? (await (await clip()).encodeText(texts, { templates, ...run })).data : new Float32Array(0)
  const image = images.length > 0 ? (await (await clip()).encodeImage(images, run)).data : new Float32Array(0)
  const sums = new Float32Array(queries.length * dim)
  let texted = 0
  let imaged = 0
  for (const { part, query, sign } of terms) {
    let vector: Float32Array
    if ('text' in part) vector = text.subarray(texted++ * dim, texted * dim)
    else if ('image' in part) vector = image.subarray(imaged++ * dim, imaged * dim)
    else vector = unit(checkVector(part.vector, dim))
    for (let i = 0; i < dim; i++) sums[query * dim + i] = (sums[query * dim + i] as number) + sign * (vector[i] as number)
  }
  for (let query = 0; query < queries.length; query++) {
    const row = sums.subarray(query * dim, (query + 1) * dim)
    row.set(unit(row))
    if (row.every((value) => value === 0)) throw invalidArgument('query', 'a direction', `one whose parts cancel out (query ${query})`)
  }
  return sums
}

function termsOf(given: SearchQuery, query: number): Term[] {
  if (typeof given === 'object' && given !== null && 'plus' in given) {
    const { plus, minus = [] } = given
    if (!Array.isArray(plus) || plus.length === 0 || !Array.isArray(minus))
      throw invalidArgument('query', '{ plus: [...], minus: [...] } with at least one plus', given)
    return [
      ...plus.map((part) => ({ part: partOf(part), query, sign: 1 as const })),
      ...minus.map((part) => ({ part: partOf(part), query, sign: -1 as const })),
    ]
  }
  return [{ part: partOf(given as QueryPart), query, sign: 1 }]
}

function partOf(part: unknown): Exclude<QueryPart, string> {
  if (typeof part === 'string' && part.trim() !== '') return { text: part }
  if (typeof part === 'object' && part !== null) {
    if ('text' in part && typeof part.text === 'string' && part.text.trim() !== '') return { text: part.text }
    if ('image' in part) return { image: part.image as ImageInput }
    if ('vector' in part) return { vector: part.vector as ArrayLike<number> }
  }
  throw invalidArgument('query', 'a text, { image }, { vector }, { plus: [...], minus: [...] } or a list of these', part)
}

function checkVector(vector: ArrayLike<number>, dim: number): Float32Array {
  if (typeof vector !== 'object' || vector === null || vector.length !== dim)
    throw invalidArgument('query.vector', `${dim} numbers, the length of the archive's vectors`, `${vector?.length ?? vector} numbers`)
  const values = Float32Array.from(vector)
  const wrong = values.findIndex((value) => !Number.isFinite(value))
  if (wrong >= 0) throw invalidArgument('query.vector', `${dim} finite float32 numbers`, `${vector[wrong]} at index ${wrong}`)
  return values
}

/** Texts and images need the model. */
export function needsClip(place: string, load: string): WordmaskError {
  return new WordmaskError(
    'ERR_WORDMASK_INVALID_ARGUMENT',
    `Searching ${place} by text or image needs its model: Archive.open(uri, { clip: await Clip.load(${JSON.stringify(load)}) }). Without it { vector } can be searched.`,
  )
}
