import { join } from 'node:path'
import type { Pixels } from '../../binding'
import { binding } from '../binding'
import type { Clip } from '../clip/clip'
import { checkView, denseView, towerSize } from '../clip/size'
import { classVectors } from '../clip/text'
import { invalidArgument, WordmaskError } from '../errors'
import type { RunOptions, Tensor } from '../options'
import type { Names, Scored, SegmentMethod } from '../segmenter/method'
import type { Models } from '../segmenter/models'
import type { SegmentOptions } from '../segmenter/options'
import type { Defaults, Plan } from '../segmenter/plan'
import type { SaveOptions } from '../segmenter/save'
import { saveText } from '../segmenter/saved-text'
import { Scores } from '../segmenter/scores'
import { TextCache, textRows } from '../segmenter/text-cache'
import { withSignal } from '../task'
import type { ClassEntry } from '../text/classes'
import { type Builder, type Missing, stack } from './build'
import { contextOf, warnOfAbsent, warnOfSuppression } from './contexts'
import type { DenseEncoder } from './encoder'
import { type Retrieval, recoTemplates, referenceSide, type Settings } from './making'
import { entryKey, type ReferenceAbout, type References } from './reference'
import { savedReco } from './saved'

export const referencesFolder = 'references'
/** ReCo's scales: none for the encoder's cosines, 10 for CLIP's. */
const [referenceScale, textScale] = [1, 10]

export interface RecoParts {
  /** Whose dense features are compared with names. */
  clip: Clip
  /** Its image tower. */
  dense: DenseEncoder
  encoder: DenseEncoder
  settings: Settings
  contexts: readonly ClassEntry[]
  references: References
  text: TextCache
  /** The model that found the images. */
  retrieval: Retrieval
  /** Where an archive is attached. */
  builder: Builder | undefined
  models: Models
}

export const recoText = (clip: Clip) => new TextCache((rows, templates, run) => classVectors(clip.model, rows, templates, run))

/** Retrieve and co-segment: a reference embedding a name, made of unlabelled images, times dense CLIP (methods/reco.md). */
export class Reco implements SegmentMethod {
  readonly name = 'reco'
  readonly clip: Clip
  readonly models: Models
  /** Rows whose references are there. */
  private readonly embeddings = new WeakMap<readonly ClassEntry[], Tensor>()
  private readonly current = new Set<string>()
  /** Whether contexts have been seen to. */
  private seenTo: boolean

  constructor(private readonly parts: RecoParts) {
    this.clip = parts.clip
    this.models = parts.models
    // Without an archive, what is there is what there is; with one, the builder says what is stale.
    this.seenTo = parts.builder === undefined
    if (!parts.builder) for (const { about } of parts.references) this.current.add(about.entry)
  }

  get templates() {
    return recoTemplates(this.clip)
  }

  /** What every reference was made from. */
  get references(): ReferenceAbout[] {
    return [...this.parts.references].map(({ about }) => about)
  }

  checkView(size: SegmentOptions['size'], slide: SegmentOptions['slide']): void {
    if (slide) throw invalidArgument('slide', "nothing with method: 'reco', which sees an image as a whole", 'a window')
    checkView(this.clip.source, size, undefined)
    if (size !== undefined) towerSize({ width: 1, height: 1 }, size, this.parts.encoder.cell, false)
  }

  async prepare({ rows, templates }: Names, { signal, onProgress }: RunOptions): Promise<void> {
    if (!this.embeddings.has(rows)) {
      const { builder, contexts, references } = this.parts
      const wanted = rows.filter((row) => !contextOf(row.name, contexts))
      const stale = !this.seenTo || wanted.some((row) => !this.current.has(entryKey(row)))
      warnOfSuppression(
        wanted.map(({ name }) => name),
        contexts,
      )
      const missing = builder && stale ? await builder.ensure(wanted, { signal, onProgress }) : []
      const found = rows.map((row) => references.get(contextOf(row.name, contexts) ?? row))
      const without = rows.filter((_, i) => !found[i])
      if (without.length > 0) throw this.noReference(without, missing)
      for (const { entry, why } of missing) if (contexts.includes(entry)) warnOfAbsent(entry.name, why)
      this.seenTo = true
      for (const row of wanted) this.current.add(entryKey(row))
      this.embeddings.set(rows, stack(found.map((reference) => reference!.embedding)))
    }
    await this.parts.text.vectors(rows, templates, signal)
  }

  async score(pixels: Pixels, { rows, templates, size, signal }: Plan): Promise<Scored> {
    const { clip } = this
    const { encoder, settings, retrieval } = this.parts
    const text = await this.parts.text.vectors(rows, templates, signal)
    const features = await encoder.features(pixels, size ?? encoder.sizes.segment, signal)
    const references = await withSignal(signal, (task) =>
      binding().scoreFeatures(features, this.embeddings.get(rows) as Tensor, { sigmoid: referenceScale }, task),
    )
    const view = denseView(clip.source, pixels, size)
    const texts = await withSignal(signal, (task) =>
      binding().denseScores(clip.native, pixels, text, { ...view, sigmoid: textScale }, task),
    )
    const { k, window, guidance, elimination, contexts } = settings
    const { width, height } = features
    const reco = {
      ...{ encoder: encoder.name, encoderSize: { width, height }, referenceSize: referenceSide(encoder, settings) },
      ...{ k, window, guidance, elimination, contexts: elimination ? contexts : [], retrieval: retrieval.load },
    }
    const { name: model, dtype } = clip.info
    const seen = { model, dtype, size: { width: view.width, height: view.height }, reco }
    // Both grids are stretched over the whole image, whatever their towers left out at its edges: so does ReCo.
    return { scores: new Scores([references, { data: texts.data, shape: texts.shape }], undefined), seen }
  }

  async save(folder: string, { classes, background, templates }: Defaults, options: SaveOptions): Promise<Record<string, unknown>> {
    const own = await savedReco(this.parts, folder, options)
    await this.parts.references.copyTo(join(folder, referencesFolder))
    if (classes) {
      const rows = textRows(classes, background)
      await saveText(folder, rows, templates, await this.parts.text.vectors(rows, templates, options.signal), options.signal)
    }
    return own
  }

  private noReference(without: readonly ClassEntry[], missing: readonly Missing[]): WordmaskError {
    const lines = without.map((row) => {
      const context = contextOf(row.name, this.parts.contexts)
      const why = missing.find(({ entry }) => entry === row || entry === context)?.why
      return why === undefined ? JSON.stringify(row.name) : `${JSON.stringify(row.name)}: ${why}`
    })
    const how = this.parts.builder
      ? 'Leave these names out, or add images that show them to the archive.'
      : 'Attach an archive: Segmenter.load(folder, { archive }), or add them: `npx wordmask reco build --archive ARCHIVE --classes NAMES --into FOLDER`.'
    return new WordmaskError('ERR_WORDMASK_CLASSES', `No reference for ${lines.join('; ')}. ${how}`)
  }
}
