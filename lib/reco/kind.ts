import { join } from 'node:path'
import type { Archive } from '../archive/archive'
import { WordmaskError } from '../errors'
import type { MethodKind } from '../segmenter/method'
import { Models } from '../segmenter/models'
import type { SegmenterOptions } from '../segmenter/options'
import { weightsFile } from '../segmenter/save'
import { checkSavedView, loadReferred } from '../segmenter/saved-clip'
import { readText } from '../segmenter/saved-text'
import { textRows } from '../segmenter/text-cache'
import { archiveBuilder, type Made } from './assemble'
import { contextEntries, officialContexts } from './contexts'
import { clipEncoder } from './encoder'
import { recoTemplates, type Settings, unsavedOptions } from './making'
import { Reco, recoText, referencesFolder } from './method'
import { Opening } from './open'
import { type RecoOptions, recoOptions } from './options'
import { References } from './reference'
import { loadEncoder, type SavedReco, savedShape } from './saved'
import { checkReferences } from './verify'

/** The method 'reco': made with an archive, or read back without one. */
export const reco: MethodKind = {
  options: recoOptions,
  saved: savedShape,

  async create(given: SegmenterOptions): Promise<Reco> {
    const options = given as RecoOptions
    const opening = new Opening(options.signal ? { signal: options.signal } : {})
    try {
      const settings = settingsOf(options)
      const contexts = settings.elimination ? contextEntries(settings.contexts) : []
      const { archive, clip: finder } = await opening.archive(options.archive, options.clip)
      const clip = options.denseClip === undefined ? finder : await opening.clip('denseClip', options.denseClip)
      const dense = clipEncoder(clip)
      const encoder = await opening.encoder(options.encoder, clip)
      const references = new References(options.references && join(options.references, referencesFolder))
      await references.read()
      const { load, weights } = archive.model
      const retrieval = { load, weights, templates: settings.templates ?? recoTemplates(finder) }
      const made = { clip, dense, encoder, settings, contexts, references, retrieval, text: recoText(clip) }
      const builder = await archiveBuilder(made, archive, options)
      return new Reco({ ...made, builder, models: new Models([clip, encoder.model], opening.owned) })
    } catch (error) {
      await opening.undo()
      throw error
    }
  },

  async load(folder, saved, { classes, background, templates, size, slide }, { maxPending: _, archive, ...run }): Promise<Reco> {
    const { clip: reference, encoder: other, reco: kept } = saved as SavedReco
    const opening = new Opening(run)
    try {
      const clip = opening.own(await loadReferred(folder, weightsFile, reference, run))
      const { identity, retrieval, referenceSize, templates: own, ...rest } = kept
      const dense = clipEncoder(clip, identity.clip)
      const encoder = other ? await loadEncoder(folder, other, identity.encoder, opening, run) : dense
      const settings: Settings = { ...rest, referenceSize: referenceSize ?? undefined, templates: own ?? undefined }
      const contexts = settings.elimination ? contextEntries(settings.contexts) : []
      const references = new References(join(folder, referencesFolder))
      await references.read()
      const made = { clip, dense, encoder, settings, contexts, references, retrieval, text: recoText(clip) }
      const builder = archive === undefined ? undefined : await attach(made, archive, opening)
      const method = new Reco({ ...made, builder, models: new Models([clip, encoder.model], opening.owned) })
      checkSavedView(folder, method, size, slide)
      const rows = classes ? textRows(classes, background) : []
      if (!builder) checkReferences(folder, made, identity, rows)
      if (classes) {
        made.text.add(rows, templates, await readText(folder, rows, templates, clip.info.embedDim))
        await method.prepare({ rows, templates }, run)
      }
      return method
    } catch (error) {
      await opening.undo()
      throw error
    }
  },
}

function settingsOf(options: RecoOptions): Settings {
  const { k = 50, window = 'official', guidance = true, elimination = true, contexts = officialContexts, retrieve = {} } = options
  return { k, window, guidance, elimination, contexts, retrieve, referenceSize: options.referenceSize, templates: options.templates }
}

/** @throws ERR_WORDMASK_ARCHIVE_MODEL for an archive of another model than the one that found the references' images */
async function attach(made: Made, given: Archive | string, opening: Opening) {
  const unsaved = unsavedOptions(made.settings.retrieve)
  if (unsaved.length > 0)
    throw new WordmaskError(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      `The references were made with ${unsaved.join(', ')} of \`retrieve\`, which a folder does not keep: no more can be made alike. Make a segmenter with Segmenter.create.`,
    )
  const { archive } = await opening.archive(given, undefined, made.clip)
  if (archive.model.weights === made.retrieval.weights) return archiveBuilder(made, archive, {})
  throw new WordmaskError(
    'ERR_WORDMASK_ARCHIVE_MODEL',
    `The images of the references were found by ${made.retrieval.load}; the vectors of ${archive.uri} come from ${archive.model.name}. Attach an archive of the same model.`,
  )
}
