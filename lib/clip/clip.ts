import type { Clip as NativeClip } from '../../binding'
import { invalidArgument } from '../errors'
import { decodeImage } from '../image/decode'
import type { ImageInput, ImageInputs } from '../image/input'
import { checkOptions, type RunOptions, type Tensor } from '../options'
import { withSignal } from '../task'
import { type ClassEntry, type ClassSpec, parseClasses } from '../text/classes'
import { classPrompts, type Templates, templateList } from '../text/prompts'
import type { TokenTensor } from '../text/tokenizer'
import type { Vocabulary } from '../text/vocabulary'
import { encodeImages } from './images'
import { type ClipInfo, describeClip } from './info'
import { openClip } from './open'
import * as options from './options'
import { rank } from './rank'
import { saveClip } from './save'
import { towerSize } from './size'
import type { ClipSource } from './source'
import { encodeClasses, toTexts } from './text'

/**
 * A CLIP: images and texts into one space. Calls may overlap; they run one after the other on the device's thread and never
 * block the event loop. Every call rejects with ERR_WORDMASK_DISPOSED after dispose(), ERR_WORDMASK_ABORTED when its
 * signal fires, ERR_WORDMASK_UNKNOWN_OPTION for a misspelt option, and the codes of decodeImage for images.
 */
export class Clip {
  readonly info: ClipInfo

  private constructor(
    /** @internal */
    readonly native: NativeClip,
    /** @internal */
    readonly source: ClipSource,
    /** @internal */
    readonly vocabulary: Vocabulary,
    logitScale: number,
  ) {
    this.info = describeClip(source, native, logitScale)
  }

  /**
   * Loads a model: a built-in name ('scenes', the default, a demonstration model for drawings; 'scenes-clip'), a weight
   * file, a folder (Hugging Face, open_clip), or an ID that `wordmask model pull` brought. Downloads nothing.
   * @throws ERR_WORDMASK_MODEL_NOT_FOUND with the line to type; ERR_WORDMASK_CHECKPOINT, _CHECKPOINT_FORBIDDEN,
   *   _CHECKPOINT_KEYS for weights that are damaged, unsafe or of another architecture; ERR_WORDMASK_DEVICE
   */
  static async load(source = 'scenes', given: options.ClipOptions = {}): Promise<Clip> {
    const { native, source: found, vocabulary, logitScale } = await openClip(source, given)
    return new Clip(native, found, vocabulary, logitScale)
  }

  /**
   * Embeds images. -> [n, embedDim]; one image gives [1, embedDim]. Each is resized by its shorter side, cropped to the
   * centre square and normalised as CLIP was trained. Lists and streams are decoded ahead by no more than a batch; the
   * first image that cannot be read rejects the call.
   */
  async encodeImage(images: ImageInputs, given: options.EncodeImageOptions = {}): Promise<Tensor> {
    const { batchSize = 16, normalize = true, signal, ...rest } = checkOptions('encodeImage', options.encodeImageOptions, given)
    return withSignal(signal, (task) =>
      encodeImages(
        this.native,
        this.info.embedDim,
        images,
        { ...rest, resize: this.source.preprocess, normalize, batchSize, signal },
        task,
      ),
    )
  }

  /**
   * Embeds texts. -> [n, embedDim]; one text gives [1, embedDim].
   * @throws ERR_WORDMASK_VOCABULARY when a small model knows no word of a text; ERR_WORDMASK_TEMPLATE
   */
  async encodeText(texts: string | readonly string[], given: options.EncodeTextOptions = {}): Promise<Tensor> {
    const {
      templates = 'none',
      normalize = true,
      batchSize = 256,
      truncate = true,
      signal,
      onProgress,
    } = checkOptions('encodeText', options.encodeTextOptions, given)
    const list = toTexts(texts)
    const prompts = templateList(templates)
    this.vocabulary.check(list)
    if (templates !== 'none') {
      if (!normalize)
        throw invalidArgument(
          'normalize',
          "true together with templates (a mean of prompts is a direction), or templates: 'none'",
          normalize,
        )
      this.vocabulary.checkTemplates(prompts)
      const entries = list.map((name) => ({ name, synonyms: [], prompts: undefined }))
      return withSignal(signal, (task) =>
        encodeClasses(this.native, this.vocabulary, entries, prompts, this.info.embedDim, { batchSize, truncate, onProgress }, task),
      )
    }
    const tokens = this.vocabulary.tokenize(list, truncate)
    if (list.length === 0) return { data: new Float32Array(0), shape: [0, this.info.embedDim] }
    return withSignal(signal, (task) =>
      this.native.encodeText(tokens.data, list.length, { normalize, batchSize }, { ...task, ...(onProgress && { onProgress }) }),
    )
  }

  /** Token ids. -> [n, contextLength], zero padded; longer texts are cut. Words a small model does not know are left out. */
  tokenize(texts: string | readonly string[]): TokenTensor {
    return this.vocabulary.tokenize(toTexts(texts), true)
  }

  /** The pixels the image tower sees. -> [3, imageSize, imageSize], normalised. */
  async preprocess(image: ImageInput, given: options.PreprocessOptions = {}): Promise<Tensor> {
    const { signal, onProgress: _, ...decode } = checkOptions('preprocess', options.preprocessOptions, given)
    return withSignal(signal, async (task) => this.native.preprocess(await decodeImage(image, decode), this.source.preprocess, task))
  }

  /**
   * One vector a patch. -> [h, w, embedDim], unit length per cell, comparable with encodeText. Row-major over the image:
   * cell [y, x] covers the pixels from y/h to (y+1)/h of the height and x/w to (x+1)/w of the width.
   */
  async denseFeatures(image: ImageInput, given: options.DenseFeatureOptions = {}): Promise<Tensor> {
    const { signal, onProgress: _, size, slide, ...decode } = checkOptions('denseFeatures', options.denseFeatureOptions, given)
    return withSignal(signal, async (task) => {
      const pixels = await decodeImage(image, decode)
      return this.native.denseFeatures(pixels, this.denseView(pixels, size, slide), task)
    })
  }

  /**
   * Which of the names an image shows. -> every name with its share of the softmax over all names (scores sum to 1),
   * best first. @throws ERR_WORDMASK_CLASSES for an empty list or a name given twice
   */
  async classify(
    image: ImageInput,
    names: readonly (string | ClassSpec)[],
    given: options.ClassifyOptions = {},
  ): Promise<{ name: string; score: number }[]> {
    const { signal, onProgress: _, templates, ...decode } = checkOptions('classify', options.classifyOptions, given)
    const classes = parseClasses(names)
    const text = await this.classVectors(classes, templates, { signal })
    const vector = await this.encodeImage(image, { ...decode, signal })
    return rank(classes, vector.data, text.data, this.info.logitScale)
  }

  /** One unit row a class: the mean over its prompts. -> [classes, embedDim]. `templates` default to the card's. */
  async classVectors(classes: readonly ClassEntry[], templates: Templates | undefined, run: RunOptions): Promise<Tensor> {
    const prompts = templateList(templates ?? this.source.templates)
    this.vocabulary.check(classes.flatMap((entry) => classPrompts(entry, ['{}'])))
    this.vocabulary.checkTemplates(prompts)
    return withSignal(run.signal, (task) =>
      encodeClasses(
        this.native,
        this.vocabulary,
        classes,
        prompts,
        this.info.embedDim,
        { batchSize: 256, truncate: false, onProgress: run.onProgress },
        task,
      ),
    )
  }

  /** Writes the model as one safetensors file that Clip.load reads back without a config. */
  async save(file: string, given: { dtype?: 'float32' | 'float16'; signal?: AbortSignal } = {}): Promise<void> {
    const { dtype = 'float32', signal } = checkOptions('save', options.saveOptions, given)
    return withSignal(signal, (task) => saveClip(this.native, this.source, file, dtype, task))
  }

  /** @internal How the tower looks at an image of this size. */
  denseView(image: { width: number; height: number }, size?: options.ImageSize, slide?: options.Slide) {
    const { patchSize, imageSize } = this.info
    const view = towerSize(image, size ?? this.source.segmentSize ?? imageSize * 1.5, patchSize)
    return { ...this.source.preprocess, ...view, ...(slide && { slide }) }
  }

  /** Frees the weights once running calls have ended. Safe to call twice. */
  dispose(): void {
    this.native.dispose()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.dispose()
  }
}
