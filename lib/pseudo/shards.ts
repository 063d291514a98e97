import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Shard } from '../archive/types'
import { isObject } from '../arguments'
import { CuratedSet } from '../curate/curated-set'
import { invalidArgument } from '../errors'
import { openNamedShard, type PlanOptions, planShards, readPlaces, type SourceInput, type SourceSpec } from '../sources'
import { isImage } from '../sources/endings'
import { type PieceSource, parseShardSource } from '../sources/piece'
import { inputsOf } from '../sources/resolve'
import type { Found, ShardOptions } from '../sources/types'
import { baseName } from '../storage/uri'

/** What images are labelled: sources, or those that `curate` chose. */
export type LabelSources = SourceInput | readonly SourceInput[] | CuratedSet

const place = z.strictObject({
  name: z.string(),
  ...{ uri: z.string(), key: z.string().optional(), offset: z.number().optional(), length: z.number().optional() },
})
/** A piece of the sources, and the folder below the output's that its images go to ('' for that itself); or images one by one. */
const labelSource = z.union([
  z.strictObject({ version: z.literal(1), below: z.string(), of: z.unknown() }),
  z.strictObject({ version: z.literal(1), places: z.array(place) }),
])

/** The images of a shard under the paths that they have in the output. */
export async function* openLabelShard(shard: Pick<Shard, 'name' | 'source'>, options: ShardOptions): AsyncGenerator<Found> {
  const source = parse(shard)
  if ('places' in source) return yield* placedImages(source.places, options)
  const { below, of } = source
  for await (const { name, image } of openNamedShard({ name: shard.name, source: of }, options))
    yield { name: placeBelow(below, name === '' ? baseName(image.uri) : name), image }
}

async function* placedImages(places: readonly z.infer<typeof place>[], { signal }: ShardOptions): AsyncGenerator<Found> {
  for await (const { place, bytes, error } of readPlaces(places, signal && { signal })) {
    const { name, ...where } = place
    const read = async () => {
      if (error) throw error
      return bytes
    }
    yield { name, image: { id: name, ...where, bytes: read } as Found['image'] }
  }
}

/**
 * Shards of images that are to be labelled. Images of a folder, glob or list keep their path below it, and where there are several
 * sources go below the name of theirs; those of a tar go below the name of the tar, those of a curated set below their class.
 */
export async function* planLabelShards(
  sources: LabelSources,
  { shardSize, ...told }: Pick<PlanOptions, 'shardSize' | 'signal' | 'onReject' | 'onNotice'>,
): AsyncGenerator<Shard> {
  if (sources instanceof CuratedSet) return yield* curatedShards(sources, shardSize ?? 100)
  const inputs = inputsOf(sources)
  const folders = new Folders()
  for (const [i, input] of inputs.entries()) {
    const options = { ...(shardSize !== undefined && { shardSize }), ...told }
    for await (const shard of planShards([input], options)) {
      const { piece } = parseShardSource(shard.name, shard.source)
      const below = isAlone(input) ? '' : folderOf(piece, inputs.length > 1, folders, i)
      const id = createHash('sha256')
        .update(JSON.stringify([below, shard.id]))
        .digest('hex')
        .slice(0, 32)
      yield { ...shard, id, source: { version: 1, below, of: shard.source } }
    }
  }
}

/** Every image once, though it was chosen for two classes or by two crops. */
function* curatedShards(set: CuratedSet, size: number): Generator<Shard> {
  const distinct = [...new Map([...set.images()].map((image) => [image.parent ?? image.id, image])).values()]
  for (let from = 0; from < distinct.length; from += size) {
    const places = distinct.slice(from, from + size).map(({ class: name, uri, key, offset, length }) => ({
      name: placeBelow('', `${name.replaceAll('/', '-')}/${baseName(key ?? uri)}`),
      ...{ uri, ...(key !== undefined && { key }), ...(offset !== undefined && { offset, length: length as number }) },
    }))
    const name = `${places[0]?.name} to ${places.at(-1)?.name}`
    yield { id: idOf(places), name, source: { version: 1, places }, images: places.length }
  }
}

const idOf = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32)

function parse({ name, source }: Pick<Shard, 'name' | 'source'>): z.infer<typeof labelSource> {
  const found = labelSource.safeParse(source)
  if (found.success) return found.data
  throw invalidArgument(`the shard ${name}`, 'one that pseudoLabel planned', source)
}

/** Where a source lies; '' for one that lies nowhere. What is no source is refused where it is planned. */
export function uriOf(input: SourceInput): string {
  const uri: unknown = isObject(input) ? (input as Partial<SourceSpec>).uri : input
  return typeof uri === 'string' ? uri : ''
}

/** An image that was named itself. */
const isAlone = (input: SourceInput) => isImage(uriOf(input)) && !/[*?{]/.test(uriOf(input))

function folderOf(piece: PieceSource, several: boolean, folders: Folders, input: number): string {
  if (piece.kind === 'tar') return folders.of(piece.uri, baseName(piece.uri).replace(/\.(tar|tar\.gz|tgz)$/i, ''))
  if (!several) return ''
  if (piece.kind === 'files') return folders.of(`${input}`, baseName(piece.folder))
  return folders.of(`${input}`, baseName(piece.kind === 'list' ? piece.uri : piece.base).replace(/\.[^.]+$/, ''))
}

/** A name a source, no two alike. */
class Folders {
  private readonly names = new Map<string, string>()
  private readonly taken = new Set<string>()

  of(source: string, wanted: string): string {
    const known = this.names.get(source)
    if (known !== undefined) return known
    const base = placeBelow('', wanted) || 'images'
    let name = base
    for (let n = 2; this.taken.has(name); n++) name = `${base}-${n}`
    this.names.set(source, name)
    this.taken.add(name)
    return name
  }
}

/**
 * A path that stays below a folder, whatever a list or a tar calls its images, and that a walk over the folder finds: `..` is left
 * out, and what would be hidden begins with `_`.
 */
export function placeBelow(folder: string, name: string): string {
  const path = /^[a-z][a-z0-9+.-]+:\/\//i.test(name) ? name.replace(/^[^:]+:\/\//, '').replace(/[?#].*$/, '') : name
  const parts = path.split('/').filter((part) => part !== '' && part !== '.' && part !== '..')
  return [...(folder === '' ? [] : [folder]), ...parts.map((part) => part.replace(/\0/g, '_').replace(/^\./, '_'))].join('/')
}
