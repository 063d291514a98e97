import { binding } from '../binding'
import { Clip } from '../clip/clip'
import { invalidArgument, WordmaskError } from '../errors'
import { decodeImage } from '../image/decode'
import { type ImageInput, type ImageInputs, imageCount, imageStream } from '../image/input'
import { mapOrdered } from '../image/stream'
import { abortedError, checkOptions } from '../options'
import { orAbort, withSignal } from '../task'
import { type ClassEntry, parseClasses } from '../text/classes'
import { type Templates, templateList } from '../text/prompts'
import { Limiter } from './limiter'
import * as options from './options'
import { loadSegmenter, type SaveOptions, saveSegmenter } from './save'
import { type Protocol, Segmentation, type SegmentFailure } from './segmentation'
import { TextCache, textRows } from './text-cache'

/** Decodes the next image while one is in the towers; more would only hold pixels. */
const imagesAtOnce = 2

/** Failures that are about one image and leave the others alone. */
const imageCodes = [
  'ERR_WORDMASK_IMAGE',
  'ERR_WORDMASK_IMAGE_TOO_LARGE',
  'ERR_WORDMASK_FILE_NOT_FOUND',
  'ERR_WORDMASK_IO',
  'ERR_WORDMASK_INVALID_ARGUMENT',
]

/** @internal What a segmenter does unless a call says otherwise. */
export interface Defaults {
  method: options.Method
  classes: ClassEntry[] | undefined
  templates: Templates
  background: options.Background | undefined
  size: options.SegmentOptions['size']
  slide: options.SegmentOptions['slide']
  maxPixels: number | undefined
}

/**
 * Labels every pixel of an image with one of the names. Calls may overlap: they wait for their turn, and aborting one
 * leaves the others alone.
 */
export class Segmenter {
  private readonly limiter: Limiter
  private disposed = false

  private constructor(
    /** The model in use. */
    readonly clip: Clip,
    /** @internal */
    readonly defaults: Defaults,
    /** @internal */
    readonly text: TextCache,
    private readonly ownsClip: boolean,
    maxPending: number,
  ) {
    this.limiter = new Limiter(imagesAtOnce, maxPending)
  }

  get method(): options.Method {
    return this.defaults.method
  }

  /** The classes of calls that name none. */
  get classes(): readonly ClassEntry[] | undefined {
    return this.defaults.classes
  }

  /**
   * Makes a segmenter. Classes are encoded now if given, so that the first image is as fast as the others.
   * @throws ERR_WORDMASK_CLASSES, _TEMPLATE, _VOCABULARY (a small model knows no word of a name), and what Clip.load throws
   */
  static async create(given: options.SegmenterOptions = {}): Promise<Segmenter> {
    const {
      method = 'maskclip',
      clip = 'scenes',
      classes,
      templates,
      background,
      size,
      slide,
      maxPixels,
      maxPending = 64,
      signal,
      onProgress,
    } = checkOptions('Segmenter.create', options.segmenterOptions, given)
    const named = options.methodNamed(method)
    const entries = classes && parseClasses(classes)
    if (templates !== undefined) templateList(templates)
    const owns = typeof clip === 'string'
    if (!owns && !(clip instanceof Clip)) throw invalidArgument('clip', 'a Clip, or what Clip.load takes', clip)
    const model = typeof clip === 'string' ? await Clip.load(clip, { signal, onProgress }) : clip
    const defaults = {
      method: named,
      classes: entries,
      templates: templates ?? model.source.templates,
      background: background ?? undefined,
      size,
      slide,
      maxPixels,
    }
    const segmenter = new Segmenter(model, defaults, new TextCache(model), owns, maxPending)
    try {
      if (entries) await segmenter.text.vectors(textRows(entries, defaults.background), defaults.templates, signal)
    } catch (error) {
      segmenter.dispose()
      throw error
    }
    return segmenter
  }

  /** Reads what save() wrote. @throws ERR_WORDMASK_VERSION for a newer format, ERR_WORDMASK_MODEL_NOT_FOUND */
  static load(
    folder: string,
    given: { device?: string; dtype?: 'float32' | 'bfloat16' | 'float16' | 'auto'; maxPending?: number; signal?: AbortSignal } = {},
  ): Promise<Segmenter> {
    const { maxPending = 64, ...rest } = given
    return loadSegmenter(folder, rest, (clip, defaults, text) => new Segmenter(clip, defaults, text, true, maxPending))
  }

  /**
   * Segments one image.
   * @throws ERR_WORDMASK_BUSY when `maxPending` calls wait already; ERR_WORDMASK_IMAGE and its kin; ERR_WORDMASK_ABORTED
   */
  async segment(image: ImageInput, given: options.SegmentOptions = {}): Promise<Segmentation> {
    return this.queue(image, this.plan(checkOptions('segment', options.segmentOptions, given)), false)
  }

  /**
   * Segments a list or a stream, in order, reading no further ahead than `concurrency`. An image that cannot be read gives
   * `{ error, index }` in its place; anything else that fails ends the loop.
   */
  async *segmentAll(images: ImageInputs, given: options.SegmentAllOptions = {}): AsyncGenerator<Segmentation | SegmentFailure> {
    const { concurrency = imagesAtOnce, onProgress, ...rest } = checkOptions('segmentAll', options.segmentAllOptions, given)
    const plan = this.plan(rest)
    const total = imageCount(images)
    const work = async (image: ImageInput, index: number) => {
      try {
        return await this.queue(image, plan, true)
      } catch (error) {
        if (error instanceof WordmaskError && imageCodes.includes(error.code)) return { error, index }
        throw error
      }
    }
    let done = 0
    try {
      for await (const outcome of mapOrdered(imageStream(images), work, { concurrency, signal: rest.signal })) {
        onProgress?.(++done, total)
        yield outcome
      }
    } catch (error) {
      if (rest.signal?.aborted) throw abortedError(rest.signal)
      throw error
    }
  }

  /**
   * Writes wordmask.json and text.safetensors (the text vectors) to a folder. The model is referred to by name and sha256,
   * or with `copyWeights` written beside them, so that the folder stands alone.
   */
  async save(folder: string, given: SaveOptions = {}): Promise<void> {
    return saveSegmenter(this, folder, given)
  }

  /** Ends the segmenter: later calls reject with ERR_WORDMASK_DISPOSED. A Clip that was passed in stays open. */
  dispose(): void {
    this.disposed = true
    if (this.ownsClip) this.clip.dispose()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.dispose()
  }

  /** Everything about a call that does not depend on the image, checked once. */
  private plan(given: options.SegmentOptions) {
    const { defaults } = this
    const classes = given.classes ? parseClasses(given.classes) : defaults.classes
    if (!classes) throw new WordmaskError('ERR_WORDMASK_CLASSES', 'No classes: name them in the call or when making the segmenter')
    const background = given.background === undefined ? defaults.background : (given.background ?? undefined)
    const templates = given.templates ?? defaults.templates
    templateList(templates)
    const { size = defaults.size, slide = defaults.slide, maxPixels = defaults.maxPixels, orient = true, signal } = given
    return {
      classes,
      background,
      templates,
      rows: textRows(classes, background),
      size,
      slide,
      orient,
      maxPixels,
      signal,
      onProgress: given.onProgress,
    }
  }

  private async queue(image: ImageInput, plan: ReturnType<Segmenter['plan']>, patient: boolean): Promise<Segmentation> {
    if (this.disposed) throw new WordmaskError('ERR_WORDMASK_DISPOSED', 'The segmenter was disposed of')
    return this.limiter.run(() => this.run(image, plan), plan.signal, patient)
  }

  private async run(image: ImageInput, plan: ReturnType<Segmenter['plan']>): Promise<Segmentation> {
    const { signal, classes, background, templates } = plan
    const [text, pixels] = await Promise.all([
      this.text.vectors(plan.rows, templates, signal),
      orAbort(decodeImage(image, { orient: plan.orient, ...(plan.maxPixels && { maxPixels: plan.maxPixels }) }), signal),
    ])
    const { info } = this.clip
    const view = this.clip.denseView(pixels, plan.size, plan.slide)
    const temperature = info.logitScale
    const rule = !background
      ? ({ kind: 'none' } as const)
      : 'names' in background
        ? ({ kind: 'names' } as const)
        : ({ kind: 'threshold', threshold: background.threshold } as const)
    const result = await withSignal(signal, (task) =>
      binding().segment(this.clip.native, pixels, text, { ...view, temperature, background: rule, classes: classes.length }, task),
    )
    plan.onProgress?.(1, 1)
    const { method } = this.defaults
    const size = { width: view.width, height: view.height }
    const protocol: Protocol = {
      method,
      model: info.name,
      dtype: info.dtype,
      templates,
      size,
      slide: plan.slide,
      orient: plan.orient,
      background,
      temperature,
    }
    return new Segmentation(result, classes, background, protocol)
  }
}
