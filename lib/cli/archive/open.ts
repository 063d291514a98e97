import type { Archive, ArchiveOptions } from '../../index'
import type { ModelFlags } from '../flags'
import { type LoadedModel, loadModel } from '../model'
import type { Context } from '../program'

export interface OpenedArchive {
  archive: Archive
  model: LoadedModel
}

/** An archive with the model that its vectors come from; `--clip` says where that lies when it is not where it was. */
export async function openWithModel(
  uri: string,
  flags: Omit<ModelFlags, 'batchSize'>,
  context: Context,
  options: Omit<ArchiveOptions, 'clip'> = {},
): Promise<OpenedArchive> {
  const { Archive } = await import('../../index.js')
  const load = flags.clip ?? (await modelOfArchive(uri))
  const model = await loadModel({ ...flags, clip: load }, context)
  try {
    return { archive: await Archive.open(uri, { ...options, clip: model.clip, onNotice: context.note }), model }
  } catch (error) {
    model.clip.dispose()
    throw error
  }
}

/** What Clip.load was given for an archive; undefined where there is none yet. */
export async function modelOfArchive(uri: string): Promise<string | undefined> {
  const { Archive } = await import('../../index.js')
  try {
    const archive = await Archive.open(uri, { readOnly: true })
    try {
      return archive.model.load
    } finally {
      await archive.close()
    }
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_WORDMASK_FILE_NOT_FOUND') return undefined
    throw error
  }
}
