import { WordmaskError } from '../errors'
import { unsigned } from '../redact'
import { holdsResults } from '../run/results'
import { storeOf } from '../storage'
import { bytesToUri, joinUri, schemeOf, uriToBytes } from '../storage/uri'
import { walk } from '../storage/walk'
import { captionBeside, readWhole } from './bytes'
import { imageEndings, isHidden, isImage, isTar } from './endings'
import { imageId } from './ids'
import { inOrder } from './ordered'
import type { FilesPiece } from './piece'
import { rejectOf } from './reject'
import type { Taken } from './taken'
import { tarImages, tarPiece } from './tar/source'
import type { Context, Found, Piece, Source } from './types'
import { asVersion, looksAtOnce, versionOf } from './version'

/** A file below a folder, or one that was named. */
export interface Entry {
  uri: string
  /** Path below the source, '/' as separator. */
  relative: string
  /** Where listing the folder told it. */
  version?: string
}

/** Images, and tars, that lie in files of their own: a folder, the matches of a glob, one image. */
export class FilesSource implements Source {
  readonly looked = `images (${imageEndings.join(' ')}) and tars (.tar .tar.gz .tgz)`

  /** @param folder what shards spell their files against */
  constructor(
    readonly name: string,
    private readonly folder: string,
    private readonly entries: (context: Context) => AsyncIterable<Entry>,
    readonly claim: (taken: Taken) => void = () => {},
  ) {}

  async *images(context: Context): AsyncGenerator<Found, void, undefined> {
    const open = async (entry: Entry, within: Context) => (isTar(entry.uri) ? entry : fileImage(entry, within))
    for await (const found of inOrder(this.fresh(context), open, context, looksAtOnce)) {
      if (found === undefined) continue
      if ('image' in found) yield found
      else yield* tarImages({ uri: found.uri, ...(await versionIn(found, context)) }, context)
    }
  }

  async *pieces(context: Context, size: number): AsyncGenerator<Piece, void, undefined> {
    let slice = new Slice(this.folder)
    for await (const entry of this.fresh(context)) {
      if (isTar(entry.uri)) {
        const piece = await tarPiece(entry.uri, context)
        if (piece) yield piece
        continue
      }
      slice.add(entry)
      if (slice.count === size) {
        yield slice.piece(this.name)
        slice = new Slice(this.folder)
      }
    }
    if (slice.count > 0) yield slice.piece(this.name)
  }

  private async *fresh(context: Context): AsyncGenerator<Entry, void, undefined> {
    for await (const entry of this.entries(context)) if (!context.isRepeated(entry.uri)) yield entry
  }
}

/** The images of a slice of a folder. */
export async function* pieceImages(piece: FilesPiece, context: Context): AsyncGenerator<Found, void, undefined> {
  const files = new FilesSource(piece.folder, piece.folder, async function* () {
    for (const [below, names] of piece.files)
      for (const name of names) {
        const relative = below === '' ? name : `${below}/${name}`
        yield { uri: joinUri(piece.folder, relative), relative }
      }
  })
  yield* files.images(context)
}

/** Files of consecutive names, each folder written once. */
class Slice {
  readonly files: FilesPiece['files'] = []
  count = 0
  private first = ''
  private last = ''

  constructor(private readonly folder: string) {}

  add({ uri, relative }: Entry): void {
    const spelled = !relative.startsWith('/') && joinUri(this.folder, relative) === uri ? relative : uri
    const [below, name] = spelled === uri ? ['', uri] : split(spelled)
    if (this.files.at(-1)?.[0] !== below) this.files.push([below, []])
    this.files.at(-1)![1].push(name)
    if (this.count++ === 0) this.first = relative
    this.last = relative
  }

  piece(source: string): Piece {
    return {
      name: this.count === 1 ? `${source}: ${this.first}` : `${source}: ${this.first} to ${this.last}`,
      source: { kind: 'files', folder: this.folder, files: this.files },
      images: this.count,
    }
  }
}

function split(relative: string): [string, string] {
  const slash = relative.lastIndexOf('/')
  return slash < 0 ? ['', relative] : [relative.slice(0, slash), relative.slice(slash + 1)]
}

/** Undefined where its caption cannot be read, which is reported. */
async function fileImage(entry: Entry, context: Context): Promise<Found | undefined> {
  const { uri, relative } = entry
  const id = imageId(uri, context.root)
  try {
    const caption = context.captions ? await captionBeside(uri, context.signal) : undefined
    const version = await versionIn(entry, context)
    const bytes = (signal?: AbortSignal) => readWhole(uri, signal)
    return { name: relative, image: { id, uri: unsigned(uri), ...version, ...(caption !== undefined && { caption }), bytes } }
  } catch (error) {
    context.onReject(rejectOf(id, { uri }, error))
    return undefined
  }
}

const versionIn = ({ uri, version }: Entry, { signal }: Context) => (version === undefined ? versionOf(uri, signal) : { version })

/** Images and tars below a folder of any store, hidden ones left out, in the order of the path's bytes. */
export async function* filesBelow(folder: string, context: Context): AsyncGenerator<Entry, void, undefined> {
  for await (const entry of allBelow(folder, context)) if (isImage(entry.relative) || isTar(entry.relative)) yield entry
}

/** Every file that is neither hidden nor a result of ours. */
async function* allBelow(folder: string, { signal, onReject, root, leftOut }: Context): AsyncGenerator<Entry, void, undefined> {
  if (schemeOf(folder) !== 'file') {
    const prefix = `${folder.replace(/\/+$/, '')}/`
    for await (const { uri, version } of (await storeOf(folder)).list(prefix, { signal })) {
      const relative = uri.slice(prefix.length)
      if (isHidden(relative) || relative.endsWith('/')) continue
      if (!hasDots(relative)) yield { uri, relative, ...asVersion(version) }
      else if (isImage(relative) || isTar(relative)) onReject(rejectOf(imageId(uri, root), { uri }, dotted(uri)))
    }
    return
  }
  const onUnreadable = (uri: string, error: WordmaskError) => onReject(rejectOf(imageId(uri, root), { uri }, error))
  const leaveOut = async (bytes: string) => {
    const results = await holdsResults(Buffer.from(bytes, 'latin1'))
    if (results) leftOut.add(bytesToUri(bytes))
    return results
  }
  for await (const { bytes, relative } of walk(uriToBytes(folder), { signal, onUnreadable, leaveOut }))
    yield { uri: bytesToUri(bytes), relative: Buffer.from(relative, 'latin1').toString('utf8') }
}

const hasDots = (relative: string) => relative.split('/').some((part) => part === '.' || part === '..')

/** Servers and clients differ in what such a key means, so that another object could be read for it. */
const dotted = (uri: string) =>
  new WordmaskError('ERR_WORDMASK_INVALID_ARGUMENT', `The key of ${uri} has a part that is "." or "..": copy the object to another key`)

export function refuseListing(uri: string): WordmaskError {
  return new WordmaskError(
    'ERR_WORDMASK_INVALID_ARGUMENT',
    `${uri} lies on a web server, which does not say what files it has. Name its shards: tars with braces ({000..099}.tar) or a list`,
  )
}
