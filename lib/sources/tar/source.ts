import picomatch from 'picomatch'
import { WordmaskError } from '../../errors'
import { unsigned } from '../../redact'
import { storeOf } from '../../storage'
import type { StoredFile } from '../../storage/store'
import { imageEndings, isGzip } from '../endings'
import { imageId } from '../ids'
import { readPlace } from '../places/read'
import { rejectOf } from '../reject'
import type { Taken } from '../taken'
import type { Context, Found, Piece, Source } from '../types'
import { asVersion } from '../version'
import { TarImages } from './images'
import { TornTar, tarMembers } from './members'

/** Tars that were named, by braces or one by one. A tar that is not there is one reject; where none is there, that is an error. */
export class TarSource implements Source {
  readonly looked = `tars with images (${imageEndings.join(' ')})`
  constructor(
    readonly name: string,
    private readonly uris: () => Iterable<string>,
    private readonly members?: string,
  ) {}

  async *images(context: Context): AsyncGenerator<Found, void, undefined> {
    for await (const { files } of this.pieces(context)) for (const file of files ?? []) yield* tarImages(file, context, this.members)
  }

  async *pieces(context: Context): AsyncGenerator<Piece, void, undefined> {
    let count = 0
    for (const uri of this.uris()) {
      if (context.isRepeated(uri)) {
        count++
        continue
      }
      const piece = await tarPiece(uri, context, this.members)
      if (piece === undefined) continue
      count++
      yield piece
    }
    if (count === 0) throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `${this.name} does not exist`)
  }

  /** Of a tar of which some members were taken, others may be asked for. */
  claim(taken: Taken): void {
    if (this.members === undefined) for (const uri of this.uris()) taken.addFile(uri)
  }
}

/** Undefined for a tar that is not there, which is reported. */
export async function tarPiece(uri: string, context: Context, members?: string): Promise<Piece | undefined> {
  try {
    const file = await (await storeOf(uri)).stat(uri, { signal: context.signal })
    return { name: uri, source: { kind: 'tar', uri, ...asVersion(file.version), ...(members !== undefined && { members }) }, files: [file] }
  } catch (error) {
    if (!(error instanceof WordmaskError) || error.code !== 'ERR_WORDMASK_FILE_NOT_FOUND') throw error
    context.onReject(rejectOf(imageId(uri, context.root), { uri }, error))
    return undefined
  }
}

/**
 * The images of one tar, read through once: each carries its bytes until it is asked for them, or until more than 64 MiB wait
 * (256 MiB of a compressed tar) and it is read again. A torn tar gives the images before the
 * tear and one reject for the rest. Their version is the tar's.
 */
export async function* tarImages(
  tar: Pick<StoredFile, 'uri' | 'version'>,
  context: Context,
  members?: string,
): AsyncGenerator<Found, void, undefined> {
  const { uri } = tar
  const { signal, onReject, onNotice, root } = context
  const gzip = isGzip(uri)
  if (gzip)
    onNotice(
      `${uri} is compressed as a whole, so its images have no byte ranges: looking at one of them later unpacks the tar from the ` +
        `beginning. Images do not get smaller by it: gunzip ${uri}`,
    )
  const accept = members === undefined ? () => true : picomatch(members)
  const images = new TarImages(tar, !gzip, context, accept, (place, signal) => readPlace(place, { signal }))
  const stream = (await storeOf(uri)).stream(uri, { signal })
  try {
    for await (const member of tarMembers(stream, { gzip, signal })) yield* images.take(member)
  } catch (error) {
    yield* images.flush()
    if (!(error instanceof TornTar)) throw error
    const reason = `${uri} is torn at byte ${error.at}: ${error.message}. What came before is taken; write or copy the tar again for the rest`
    onReject({ id: imageId(uri, root), uri: unsigned(uri), ...asVersion(tar.version), code: 'ERR_WORDMASK_IO', reason })
    return
  }
  yield* images.flush()
}
