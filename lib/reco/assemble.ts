import { join } from 'node:path'
import type { Archive } from '../archive/archive'
import type { ArchiveRow } from '../archive/types'
import type { WordmaskError } from '../errors'
import type { ClassEntry } from '../text/classes'
import { Builder } from './build'
import type { DenseEncoder } from './encoder'
import { Features } from './features'
import { makingOf, recoTemplates, referenceSide } from './making'
import type { RecoParts } from './method'
import type { RecoOptions } from './options'

export type Made = Omit<RecoParts, 'builder' | 'models'>

/** What makes the references of a method out of an archive. */
export async function archiveBuilder(
  { clip, dense, encoder, settings, contexts, references, retrieval, text }: Made,
  archive: Archive,
  { cache, onReject = warn }: Pick<RecoOptions, 'cache' | 'onReject'>,
): Promise<Builder> {
  const seen = async (by: DenseEncoder) => ({ identity: await by.identity(), side: referenceSide(by, settings) })
  const [first, second] = [await seen(encoder), await seen(dense)]
  const making = makingOf(first, second, clip, retrieval, settings)
  const same = first.identity === second.identity
  const encoders = settings.guidance && !same ? [encoder, dense] : [encoder]
  const folder = cache ?? join(archive.parts.place.local, 'features')
  const features = await Features.open(encoders, folder, (by) => referenceSide(by, settings), onReject)
  const own = settings.templates ?? recoTemplates(clip)
  const guide = async (entry: ClassEntry, signal: AbortSignal | undefined) => {
    const { data } = await text.vectors([entry], own, signal)
    return { data, shape: [data.length] }
  }
  const parts = {
    archive,
    settings,
    contexts,
    making,
    templates: retrieval.templates,
    features,
    text: settings.guidance ? guide : undefined,
  }
  return new Builder(parts, references)
}

function warn({ uri, key }: ArchiveRow, error: WordmaskError): void {
  const name = key ?? uri
  process.emitWarning(`${error.message.includes(name) ? '' : `${name}: `}${error.message}. It is left out.`, {
    type: 'WordmaskWarning',
    code: error.code,
  })
}
