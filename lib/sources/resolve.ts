import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import picomatch from 'picomatch'
import { isIterable, isObject } from '../arguments'
import { invalidArgument, WordmaskError } from '../errors'
import { refuseByteStream } from '../image/byte-stream'
import { storeOf } from '../storage'
import { baseName, folderOf, isWeb, joinUri, normalUri, schemeOf, uriToBytes } from '../storage/uri'
import { DumpSource } from './dump/source'
import { isImage, isList, isTar, listFormat } from './endings'
import { FilesSource, filesBelow, refuseListing } from './files'
import { ItemsSource } from './items'
import { ListSource } from './list/source'
import { checkSpec } from './options'
import { expandBraces } from './tar/braces'
import { TarSource } from './tar/source'
import type { ImageItem, Source, SourceInput, SourceKind, SourceSpec } from './types'

/** An array of items is one iterable; any other array is a list of sources. */
export function inputsOf(sources: SourceInput | readonly SourceInput[]): readonly SourceInput[] {
  if (!Array.isArray(sources)) return [sources as SourceInput]
  if (sources.length === 0) throw invalidArgument('sources', 'a path, a URI, an iterable of images, or a list of these', sources)
  return isObject(sources[0]) && 'image' in sources[0] ? [sources as unknown as Iterable<ImageItem>] : sources
}

/**
 * What an input is: said by `as`, or seen from what lies there and from the ending of its name.
 *
 * @throws ERR_WORDMASK_FILE_NOT_FOUND, ERR_WORDMASK_INVALID_ARGUMENT
 */
export async function resolveSource(input: SourceInput): Promise<Source> {
  if (typeof input !== 'string' && isIterable(input)) {
    refuseByteStream('sources', input)
    return new ItemsSource(input)
  }
  const spec = typeof input === 'string' ? { uri: input } : input
  if (!isObject(spec) || typeof spec.uri !== 'string' || spec.uri === '')
    throw invalidArgument('sources', 'a path, a URI, { uri, as, ... } or an iterable of { id, image }', input)
  const checked = checkSpec(spec)
  const kind = checked.as ?? (await kindOf(spec.uri))
  // Braces are taken by their word where a tar has them in its name.
  if (kind === 'tar' && !(await localStat(spec.uri))) return new TarSource(spec.uri, () => uris(spec.uri), checked.members)
  return make[kind](kind === 'glob' ? spec.uri : normalUri(spec.uri), checked)
}

const make: Record<SourceKind, (uri: string, spec: SourceSpec) => Source> = {
  folder: (uri) => {
    if (isWeb(uri)) throw refuseListing(uri)
    return new FilesSource(
      uri,
      uri,
      (context) => filesBelow(uri, context),
      (taken) => taken.addFolder(uri),
    )
  },
  glob: (uri) => globSource(uri),
  image: (uri) =>
    new FilesSource(
      uri,
      folderOf(uri),
      async function* () {
        yield { uri, relative: baseName(uri) }
      },
      (taken) => taken.addFile(uri),
    ),
  tar: (uri, { members }) => new TarSource(uri, () => [uri], members),
  list: (uri, { columns, base }) => {
    const format = listFormat(uri)
    if (format === undefined)
      throw new WordmaskError(
        'ERR_WORDMASK_INVALID_ARGUMENT',
        `Expected a list to end in .txt, .csv, .tsv, .jsonl or .parquet (or .gz after one of the first four) but received ${uri}`,
      )
    return new ListSource(uri, format, columns, base === undefined ? undefined : normalUri(base))
  },
  'clip-retrieval': (uri, { columns, base }) => new DumpSource(uri, columns, base === undefined ? undefined : normalUri(base)),
}

function* uris(braces: string): Generator<string, void, undefined> {
  for (const uri of expandBraces(braces)) yield normalUri(uri)
}

async function kindOf(uri: string): Promise<SourceKind> {
  const scheme = schemeOf(uri)
  const found = await localStat(uri)
  if (found?.isDirectory()) return (await isDump(uri)) ? 'clip-retrieval' : 'folder'
  if (isTar(uri) && (found || isWeb(uri) || !/[*?]/.test(uri))) return 'tar'
  if (!found && !isWeb(uri) && picomatch.scan(uri).isGlob) return 'glob'
  if (isList(uri)) return 'list'
  if (isImage(uri)) return 'image'
  if (scheme !== 'file') return scheme === 's3' && (await isDump(uri)) ? 'clip-retrieval' : 'folder'
  if (!found) throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `${uri} does not exist`)
  throw new WordmaskError(
    'ERR_WORDMASK_INVALID_ARGUMENT',
    `Expected a folder, a tar, a list (.txt .csv .tsv .jsonl .parquet) or an image but received ${uri}. Say which it is: { uri, as }`,
  )
}

async function localStat(uri: string): Promise<Stats | undefined> {
  if (schemeOf(uri) !== 'file') return undefined
  return stat(Buffer.from(uriToBytes(uri), 'latin1')).catch(() => undefined)
}

/** Two folders side by side, as clip-retrieval writes them. */
async function isDump(uri: string): Promise<boolean> {
  const store = await storeOf(uri)
  for (const folder of ['img_emb', 'metadata']) {
    let some = false
    for await (const _ of store.list(joinUri(normalUri(uri), folder))) {
      some = true
      break
    }
    if (!some) return false
  }
  return true
}

/** Matches are images and tars below the part of the path without wildcards. Braces are alternatives, `**` is any depth. */
function globSource(glob: string): Source {
  const scheme = schemeOf(glob)
  const whole = scheme === 'file' ? path.resolve(glob.replace(/^file:\/\//i, '')) : glob
  const { base } = picomatch.scan(whole)
  const folder = scheme === 'file' ? normalUri(base || '/') : base
  const matches = picomatch(whole.slice(base.length).replace(/^\/+/, ''))
  return new FilesSource(
    glob,
    folder,
    async function* (context) {
      for await (const entry of filesBelow(folder, context)) if (matches(entry.relative)) yield entry
    },
    (taken) => taken.addFolder(folder, (relative) => matches(relative)),
  )
}
