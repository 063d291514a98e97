import { z } from 'zod'
import type { Pixels } from '../../../binding'
import { binding } from '../../binding'
import { Clip } from '../../clip/clip'
import { checkView, denseView } from '../../clip/size'
import { classVectors } from '../../clip/text'
import { invalidArgument } from '../../errors'
import type { RunOptions } from '../../options'
import { withSignal } from '../../task'
import type { MethodKind, Names, Scored, SegmentMethod } from '../method'
import { Models } from '../models'
import { type MaskClipOptions, maskClipOptions, type SegmenterOptions, type SegmentOptions } from '../options'
import type { Defaults, Plan } from '../plan'
import { type SaveOptions, weightsFile } from '../save'
import { type ClipReference, checkSavedView, clipReference, loadReferred, referToClip } from '../saved-clip'
import { readText, saveText } from '../saved-text'
import { Scores } from '../scores'
import { TextCache, textRows } from '../text-cache'

/** Dense features of CLIP against text: MaskCLIP, earlier called DenseCLIP. */
class MaskClip implements SegmentMethod {
  readonly name = 'maskclip'
  readonly models: Models
  readonly text: TextCache

  constructor(
    readonly clip: Clip,
    owned: boolean,
  ) {
    this.models = new Models([clip], owned ? [clip] : [])
    this.text = new TextCache((rows, templates, run) => classVectors(clip.model, rows, templates, run))
  }

  get templates() {
    return this.clip.source.templates
  }

  checkView(size: SegmentOptions['size'], slide: SegmentOptions['slide']): void {
    checkView(this.clip.source, size, slide)
  }

  async prepare({ rows, templates }: Names, { signal }: RunOptions): Promise<void> {
    await this.text.vectors(rows, templates, signal)
  }

  async score(pixels: Pixels, { rows, templates, size, slide, signal }: Plan): Promise<Scored> {
    const { clip } = this
    const vectors = await this.text.vectors(rows, templates, signal)
    const view = denseView(clip.source, pixels, size, slide)
    const grid = await withSignal(signal, (task) => binding().denseScores(clip.native, pixels, vectors, view, task))
    const { name: model, dtype, logitScale } = clip.info
    return { scores: new Scores([grid], logitScale), seen: { model, dtype, size: { width: view.width, height: view.height } } }
  }

  async save(folder: string, { classes, background, templates }: Defaults, options: SaveOptions): Promise<Record<string, unknown>> {
    const clip = await referToClip(this.clip, folder, weightsFile, options)
    if (classes) {
      const rows = textRows(classes, background)
      await saveText(folder, rows, templates, await this.text.vectors(rows, templates, options.signal), options.signal)
    }
    return { clip }
  }
}

export const maskclip: MethodKind = {
  options: maskClipOptions,
  saved: z.strictObject({ clip: clipReference }),

  async create(options: SegmenterOptions): Promise<MaskClip> {
    const { clip = 'scenes', signal, onProgress } = options as MaskClipOptions
    const owned = typeof clip === 'string'
    if (!owned && !(clip instanceof Clip)) throw invalidArgument('clip', 'a Clip, or what Clip.load takes', clip)
    return new MaskClip(owned ? await Clip.load(clip, { signal, onProgress }) : clip, owned)
  },

  async load(folder, saved, { classes, background, templates, size, slide }, { maxPending: _, archive, ...options }): Promise<MaskClip> {
    if (archive !== undefined) throw invalidArgument('archive', "nothing for a segmenter of method 'maskclip'", archive)
    const clip = await loadReferred(folder, weightsFile, saved.clip as ClipReference, options)
    try {
      const method = new MaskClip(clip, true)
      checkSavedView(folder, method, size, slide)
      if (classes) {
        const rows = textRows(classes, background)
        method.text.add(rows, templates, await readText(folder, rows, templates, clip.info.embedDim))
      }
      return method
    } catch (error) {
      clip.dispose()
      throw error
    }
  },
}
