/**
 * The whole native surface of wordmask, written by hand. lib/ imports its types from here, native/bindings answers to it
 * word for word, and test/api/binding-contract.test.ts compares the export list of the .node with it.
 *
 * Every method that returns a Promise runs on the tensor thread of its device and never blocks the event loop. Its last
 * argument is a `Task`; a cancelled task rejects with code ERR_WORDMASK_ABORTED and leaves the object usable. Errors carry
 * a `code` (lib/errors.ts). Pixel and token input is copied before the call returns.
 */

/** What the resolved Torch-free loader (wordmask.node) exports. */
export interface Loader {
  /** Opens the libraries (absolute paths, in order) with RTLD_GLOBAL; throws with the dlerror text. */
  open(libraries: string[]): void
  /** Opens the NVIDIA driver; empty when it has a device, else why not. */
  cudaDriver(): string
  /** The LibTorch version the addon was built against, such as '2.11.0'. */
  readonly torch: string
}

export interface Task {
  cancel?: CancelToken
  /** Called on the JS thread, at most every 50 ms and once at the end. Units are the call's own (images, steps). */
  onProgress?: (done: number, total: number) => void
}

/** Row-major tensor. */
export interface Float32Tensor {
  data: Float32Array
  shape: number[]
}

/** RGB, 8 bits, row-major, 3 bytes a pixel. */
export interface Pixels {
  data: Uint8Array
  width: number
  height: number
}

export declare class CancelToken {
  constructor()
  cancel(): void
}

export interface SystemInfo {
  torch: string
  /** Git describe or version the addon was built from. */
  build: string
  compiler: string
  cpuCapability: string
  /** Instructions that multiply bfloat16. */
  nativeBfloat16: boolean
  /** They are faster than those for float32: what dtype 'auto' goes by. */
  fastBfloat16: boolean
  threads: number
  /**
   * built: libwordmask_cuda.so is in this process. reason: why CUDA is not available; empty when it is. graphs: towers there run as CUDA
   * graphs (WORDMASK_CUDA_GRAPHS is not 0).
   */
  cuda: { built: boolean; available: boolean; devices: string[]; reason: string; graphs: boolean }
}
export declare function systemInfo(): SystemInfo
/** Tensor threads of this process (intra-op); applied on the tensor thread before its next job. */
export declare function setThreads(threads: number): void
/**
 * What Clip.load takes for a device is here: 'cpu', 'auto', 'cuda', 'cuda:1'.
 * @throws ERR_WORDMASK_DEVICE for one that is not, ERR_WORDMASK_INVALID_ARGUMENT for what names none
 */
export declare function checkDevice(device: string): void
/** Why CUDA was not opened (lib/cuda.ts), or empty where it was; said where device 'cuda' is asked for. */
export declare function setCudaReason(reason: string): void
/**
 * Gives freed memory that the allocator keeps back to the system, where it can (glibc). Threads that come and go, as LanceDB's do, leave
 * much of it in arenas of their own.
 */
export declare function returnFreeMemory(task: Task): Promise<void>
/** The class of every error thrown or rejected from here on in this environment; without it, an Error with `code`. */
export declare function setErrorClass(errorClass: new (code: any, message: string) => Error): void

// ---------------------------------------------------------------------------------------------------------- checkpoints

export type StorageDType = 'float64' | 'float32' | 'float16' | 'bfloat16' | 'int64' | 'int32' | 'int16' | 'int8' | 'uint8' | 'bool'
export interface TensorEntry {
  key: string
  dtype: StorageDType
  shape: number[]
}
export interface CheckpointSummary {
  /** 'safetensors' | 'torch-zip' | 'torch-legacy' | 'torchscript' | 'detectron2-pickle' */
  format: string
  tensors: TensorEntry[]
  /** safetensors __metadata__, or scalar entries of a pickle, as strings. */
  metadata: Record<string, string>
}
/** Reads headers only. `files` are the shards of one checkpoint, in order. Runs no code of the checkpoint. */
export declare function readCheckpoint(files: string[], task: Task): Promise<CheckpointSummary>
/** float32 copy of one tensor; for tests and tools. */
export declare function readTensor(files: string[], key: string, task: Task): Promise<Float32Tensor>
/** Writes beside, fsyncs, then renames. Values are stored as `dtype`. */
export declare function writeSafetensors(
  file: string,
  tensors: { key: string; data: Float32Array; shape: number[]; dtype: 'float32' | 'float16' | 'bfloat16' }[],
  metadata: Record<string, string>,
  task: Task,
): Promise<void>

// ------------------------------------------------------------------------------------------------------------- vectors

export interface VectorLayout {
  rows: number
  /** Values a row, at least 1. */
  dim: number
  dtype: 'float16' | 'float32' | 'bfloat16'
  /** Byte of the first row: a multiple of the size of a value. */
  offset: number
}
export interface SearchOptions {
  /** Rows wanted for each query, 0 or more; above `rows` all of them come. */
  k: number
  /** Rows whose dot product with the query is less are left out. Absent: none. */
  threshold?: number
  /** Rows that may be chosen: ceil(rows / 8) bytes, row i is bit i % 8 of byte i / 8 (Arrow's order). Absent: all. */
  allow?: Uint8Array
}
export interface SearchResult {
  /** min(k, rows): the width of a query's answer. */
  k: number
  /** Dot products [q, k], summed in float32, largest first; -Infinity where fewer rows are left. */
  scores: Float32Array
  /** Rows [q, k], of equal scores the lower first; -1 where fewer are left. */
  indices: Float64Array
}

/** In what order rows become centres of stars, and which take part. */
export interface StarOrder {
  /** A number a row: larger comes first, of equal ones the lower row. Absent: the rows as they lie. */
  priority?: Float64Array
  /** Rows that take part, a bitmap as that of SearchOptions. Absent: all. */
  allow?: Uint8Array
}
export interface StarOptions extends StarOrder {
  /** Rows are near when their cosine is at least this: above 0, at most 1. */
  threshold: number
  /** Memory for sketches; default 1 GiB. Less of it makes them narrower and more pairs compared in full. */
  sketchBytes?: number
}
export interface Stars {
  /** Each row's centre, the row itself for a centre; -1 for rows that take no part. */
  centres: Int32Array
  /** Cosine of the row and its centre, 1 for a centre; NaN for rows that take no part. */
  scores: Float32Array
  /** Values a sketch had. */
  sketch: number
  /** Pairs that were compared in full. */
  verified: number
}
export interface StarsCost {
  /** rows (rows - 1) / 2 */
  pairs: number
  /** pairs * dim: the most it can take; on vectors of CLIP some 4 to 16 times less. */
  multiplyAdds: number
  /** Of memory, at most. */
  bytes: number
}
export interface HammingStars {
  /** Each row's centre, the row itself for a centre; -1 for rows that take no part. */
  centres: Int32Array
  /** Bits in which the row and its centre differ, 0 for a centre; 255 for rows that take no part. */
  distances: Uint8Array
}
/**
 * Near-duplicate groups of 64-bit perceptual hashes by the rule of VectorFile.stars: rows that differ in at most maxHamming bits
 * (0 .. 64) are near. Exact; only rows that share a band of bits are compared: for 4 bits one pair in 1,600. Single-threaded, off
 * the event loop; memory 12 (maxHamming + 1) + 21 bytes a row. Progress units are rows.
 */
export declare function hammingStars(hashes: BigUint64Array, options: StarOrder & { maxHamming: number }, task: Task): Promise<HammingStars>

/**
 * Rows of a file, memory-mapped read only, on the CPU. Renaming, replacing or unlinking the file's name changes nothing; the
 * bytes must stay as they are. A file that is cut short in use, or a disk that cannot be read, is found out by the next call
 * (ERR_WORDMASK_VECTORS), never by a crash. Several handles, threads and processes may read one file.
 */
export declare class VectorFile {
  private constructor()
  /** ERR_WORDMASK_VECTORS: the file holds fewer bytes than offset + rows * dim * size of a value; more are allowed. */
  static open(file: string, layout: VectorLayout, task: Task): Promise<VectorFile>
  readonly rows: number
  readonly dim: number
  /**
   * The k best rows for each of queries [q, dim], which must be finite; exact. A row with a NaN is never chosen. Reads the file
   * once for up to 128 queries; 2 q rows dim FLOPs; memory 24 bytes q k and at most 32 k bytes a query and thread for 128
   * queries. Progress and cancellation by pieces of some 64 MB; units are rows.
   */
  search(queries: Float32Tensor, options: SearchOptions, task: Task): Promise<SearchResult>
  /** The rows with these numbers, each in 0 .. rows - 1, as they come. -> [indices.length, dim] */
  take(indices: Float64Array, task: Task): Promise<Float32Tensor>
  /**
   * Near-duplicate groups: rows are visited in order; one that nobody has taken becomes a centre, and all later ones near it that
   * nobody has taken join it, so that every member is near its centre and chains do not merge. Exact: cosines are compared in
   * float64, whatever the norms; a row of zeros or with NaN is near none. Most pairs are decided on sketches, bounds of the
   * cosine that can only err upwards. Memory at most starsCost().bytes, never [rows, rows]. Progress units are pairs.
   */
  stars(options: StarOptions, task: Task): Promise<Stars>
  /** What stars() takes at most, to be said before it begins. */
  static starsCost(rows: number, dim: number, sketchBytes?: number): StarsCost
  /** Unmaps once running calls have ended; later calls reject with ERR_WORDMASK_DISPOSED. */
  dispose(): void
}

// ----------------------------------------------------------------------------------------------------------------- CLIP

export interface VitConfig {
  kind: 'vit'
  imageSize: number
  patchSize: number
  width: number
  layers: number
  heads: number
  /** Hidden width of the MLP. */
  mlpWidth: number
}
export interface ResNetConfig {
  kind: 'resnet'
  imageSize: number
  /** Blocks of the four stages. */
  layers: number[]
  width: number
  /** Heads of the attention pool. */
  heads: number
}
export interface TextConfig {
  contextLength: number
  vocabSize: number
  width: number
  layers: number
  heads: number
  mlpWidth: number
  /** Token ids that own a row of token_embedding, ascending; absent: all `vocabSize` rows are there. */
  vocabulary?: number[]
  /** The row of a text is its first token of this id; -1: its largest id, as OpenAI's code does. */
  endOfText: number
}
export interface ClipConfig {
  embedDim: number
  activation: 'quick_gelu' | 'gelu'
  layerNormEps: number
  vision: VitConfig | ResNetConfig
  text: TextConfig
  /** Names of the keys in the file: OpenAI / open_clip ('openai') or Hugging Face ('huggingface'). */
  keys: 'openai' | 'huggingface'
  /**
   * What dense features of a ViT are made of. 'residual': values of the last block + residual + MLP, as MaskCLIP's code
   * does with OpenAI's weights. 'value': the projected values alone (models trained with the patch-level loss). A ResNet
   * has one form and ignores it.
   */
  dense: 'value' | 'residual'
}
export interface ComputeOptions {
  /** 'cpu' | 'cuda' | 'cuda:1' | 'auto' */
  device: string
  /** 'float32' | 'bfloat16' | 'float16' | 'auto' */
  dtype: string
}
export interface ClipInfo {
  parameters: number
  device: string
  dtype: string
  bytes: number
}
export interface ResizeOptions {
  mean: [number, number, number]
  std: [number, number, number]
  interpolation: 'bicubic' | 'bilinear'
}
export interface DenseOptions extends ResizeOptions {
  /** Size of the image the tower sees; the pixels are resized to exactly this (antialiased, on uint8). */
  width: number
  height: number
  /** Sliding window over the resized image, in its pixels; absent: the whole image at once. Overlaps are averaged on the grid. */
  slide?: { crop: number; stride: number }
  /** Unit length per cell (default), or as the tower gives them; the latter not with `slide`. */
  normalize?: boolean
}

export interface EncodeResult extends Float32Tensor {
  /** Rows of the tower pass that answered, those of other calls included; without company the rows of the call. */
  together: number
}

/**
 * Calls of encodeImage that wait for the same Clip with the same `normalize`, and calls of encodeText likewise, share a tower
 * pass of at most 16 rows, or the `batchSize` of the first. Each has its own cancellation and error.
 */
export declare class Clip {
  private constructor()
  /** Strict: missing, unexpected or wrong-shaped keys reject with ERR_WORDMASK_CHECKPOINT_KEYS and the lists. */
  static load(config: ClipConfig, files: string[], compute: ComputeOptions, task: Task): Promise<Clip>
  /** Random weights, every parameter redrawn by design.md 12's rule; for tests, benchmarks and training from scratch. */
  static random(config: ClipConfig, seed: number, compute: ComputeOptions, task: Task): Promise<Clip>
  info(): ClipInfo
  /** Resize the shorter side to imageSize, centre crop, normalise. -> [3, s, s] */
  preprocess(image: Pixels, options: ResizeOptions, task: Task): Promise<Float32Tensor>
  /** -> [n, embedDim]; rows are unit length when `normalize`. */
  encodeImage(images: Pixels[], options: ResizeOptions & { normalize: boolean; batchSize: number }, task: Task): Promise<EncodeResult>
  /** Already preprocessed pixels [n, 3, s, s] -> [n, embedDim]. */
  encodePixels(pixels: Float32Tensor, options: { normalize: boolean }, task: Task): Promise<Float32Tensor>
  /** tokens: [n, contextLength], zero padded. -> [n, embedDim] */
  encodeText(tokens: Int32Array, n: number, options: { normalize: boolean; batchSize: number }, task: Task): Promise<EncodeResult>
  /**
   * Classes as prompts: tokens [sum(counts), contextLength], counts[i] prompts for class i. Each prompt is normalised, a
   * class is the mean of its prompts, normalised again. -> [classes, embedDim], unit rows.
   */
  encodeClasses(tokens: Int32Array, counts: number[], options: { batchSize: number }, task: Task): Promise<Float32Tensor>
  /** Value-path features of the last block (methods/reco.md 2.4, 2.5). -> [h, w, embedDim], unit length per cell where `normalize`. */
  denseFeatures(image: Pixels, options: DenseOptions, task: Task): Promise<Float32Tensor>
  /** Already normalised pixels [3, height, width] -> [h, w, embedDim] or [n, 3, ...] -> [n, ...], unit length per cell. */
  densePixels(pixels: Float32Tensor, task: Task): Promise<Float32Tensor>
  /** Writes OpenAI-named keys as safetensors. */
  save(file: string, dtype: 'float32' | 'float16', metadata: Record<string, string>, task: Task): Promise<void>
  /** Frees the weights once running calls have ended; later calls reject with ERR_WORDMASK_DISPOSED. */
  dispose(): void
}

// ------------------------------------------------------------------------------------------------------------- encoders

/** DeiT, DINO and DINOv2 under their official keys. */
export interface EncoderVitConfig {
  kind: 'vit'
  /** Side of the square that the position table is for, in pixels. */
  imageSize: number
  patchSize: number
  width: number
  layers: number
  heads: number
  mlpWidth: number
  layerNormEps: number
  /** A distillation token beside the class token. */
  distilled: boolean
  /** Register tokens: 0 for none. */
  registers: number
  /** DINOv2's gains ls1 and ls2. */
  layerScale: boolean
  /** What becomes of pixels that fill no patch at the right and below: dropped (DeiT), or padded with zeros (DINO). */
  partial: 'drop' | 'pad'
  /**
   * How positions are resized (bicubic, half-pixel centres). offset: the grid is sampled as if it had h + offset by w + offset
   * cells, 0 for exactly h by w (DINO and DINOv2: 0.1). byCount: whether to resize is decided by the number of cells, as ReCo's
   * DeiT does; else by their shape.
   */
  positions: { offset: number; antialias: boolean; byCount: boolean }
}
/** torchvision's ResNet with bottlenecks up to layer4 (MoCo's among them). */
export interface EncoderResNetConfig {
  kind: 'resnet'
  /** Blocks of the four stages. */
  layers: number[]
  /** Channels of the stem; the features have 32 times as many. */
  width: number
}
/**
 * The image tower of a CLIP. read: 'dense' as Clip.denseFeatures but not normalised, 'cells' what the last layer gives before it is
 * projected into the space of the texts (a ViT's tokens after ln_post, a ResNet's layer4). layer: a ViT is read as if this block,
 * counted from 1, were its last; the blocks above it are not loaded. Absent: the last that it has.
 */
export interface EncoderClipConfig {
  kind: 'clip'
  clip: ClipConfig
  read: 'dense' | 'cells'
  layer?: number
}
/** prefix: what stands before the tower's keys in the file, such as 'encoder_q.'; keys without it are left alone. */
export type EncoderConfig = (EncoderVitConfig | EncoderResNetConfig | EncoderClipConfig) & { prefix: string }
export interface EncoderInfo extends ClipInfo {
  /** Pixels a cell is wide: the patch, 32 for a ResNet. */
  cell: number
  /** Numbers a cell. */
  channels: number
}

/**
 * Dense features of a frozen tower, not normalised. Cell [y, x] is that of the tower's pixels from cell * (y, x): the grid covers
 * h * cell by w * cell pixels, which is less than the image where the tower drops what fills no patch, more where it pads.
 */
export declare class Encoder {
  private constructor()
  /** Strict, as Clip.load; classifier heads, DINOv2's mask_token, BatchNorm's counters and a CLIP's blocks above `layer` may be there. */
  static load(config: EncoderConfig, files: string[], compute: ComputeOptions, task: Task): Promise<Encoder>
  /** As Clip.random. */
  static random(config: EncoderConfig, seed: number, compute: ComputeOptions, task: Task): Promise<Encoder>
  info(): EncoderInfo
  /** The image resized to exactly width x height. -> [h, w, channels] */
  features(image: Pixels, options: ResizeOptions & { width: number; height: number }, task: Task): Promise<Float32Tensor>
  /** Already normalised pixels [n, 3, height, width] -> [n, h, w, channels]. */
  featuresOfPixels(pixels: Float32Tensor, task: Task): Promise<Float32Tensor>
  /** Frees the weights once running calls have ended; later calls reject with ERR_WORDMASK_DISPOSED. */
  dispose(): void
}

// --------------------------------------------------------------------------------------------------------- segmentation

/** Scores of names at the cells of a grid over an image: shape [h, w, names]. */
export interface ScoreGrid extends Float32Tensor {
  /** Cells that lie under the image, from the upper left; not whole where it was padded to whole cells. Default: all. */
  extentH?: number
  extentW?: number
}
export interface ScoreOptions {
  /** Scores are 1 / (1 + exp(-sigmoid * cosine)) (methods/reco.md 2.8); absent: the cosines. */
  sigmoid?: number
}
export interface DenseScores extends ScoreGrid {
  extentH: number
  extentW: number
  /** Pictures of the tower pass that saw this one, itself included. */
  together: number
}
/**
 * Dense features x text [names, embedDim]. Calls that wait for the same Clip at the same `width` and `height`, without `slide`,
 * share a tower pass: at most 8 of them and 8 x 512 x 512 pixels. Each has its own text, cancellation and error.
 */
export declare function denseScores(
  clip: Clip,
  image: Pixels,
  text: Float32Tensor,
  options: DenseOptions & ScoreOptions,
  task: Task,
): Promise<DenseScores>
/** Cosines of features [h, w, c], of any length above 0, with unit rows [names, c]. -> [h, w, names] */
export declare function scoreFeatures(
  features: Float32Tensor,
  rows: Float32Tensor,
  options: ScoreOptions,
  task: Task,
): Promise<Float32Tensor>

export interface LabelOptions {
  /** Of the image. */
  width: number
  height: number
  /** The first so many names; those beyond are background names. */
  classes: number
  /**
   * none: label = best class. names: names beyond `classes` are background and map to 0, class i to i + 1. threshold: pixels
   * whose best name has less map to 0, class i to i + 1: less of the softmax of temperature x score, or without a temperature of
   * the score itself.
   */
  background: { kind: 'none' } | { kind: 'names' } | { kind: 'threshold'; threshold: number; temperature?: number }
}
export interface LabelResult {
  /** 0xff / 0xffff never appears: every pixel is labelled. */
  labels: Uint8Array | Uint16Array
  width: number
  height: number
  /** Pixels of each label value. */
  counts: number[]
}
/** One grid, or two of the same names whose scores are multiplied -> bilinear -> running argmax, without the volume of scores. */
export declare function labelGrids(grids: ScoreGrid[], options: LabelOptions, task: Task): Promise<LabelResult>
/** The scores themselves: grids [h, w, c] -> [c, height, width], bilinear, half-pixel centres, those of several grids multiplied. */
export declare function upsample(grids: ScoreGrid[], width: number, height: number, task: Task): Promise<Float32Tensor>

export interface RecoImages {
  /** [h, w, c] of each image, as the encoder gives them. */
  features: Float32Tensor[]
  /** Dense CLIP features [h', w', d] of each image, and the vector of the name: language guidance. */
  clip?: Float32Tensor[]
  text?: Float32Tensor
  /** [m, c]: references to turn away from; m >= 1. */
  contexts?: Float32Tensor
}
export interface RecoReference {
  /** [c], length 1. */
  embedding: Float32Tensor
  /** The cell of each image that the images have in common, row-major. */
  seeds: number[]
  /** Of each seed: the mean over the windows of its best weighted cosine. */
  support: Float64Array
}
/**
 * Retrieve and co-segment (methods/reco.md 2.6, 2.7). Seeds are those of float64; of equal cells the first. The similarity of all
 * cells with all cells is never held. ERR_WORDMASK_INVALID_ARGUMENT for features of length 0 or with NaN.
 */
export declare function recoReference(images: RecoImages, options: { window: 'official' | 'perImage' }, task: Task): Promise<RecoReference>

// ----------------------------------------------------------------------------------------------------------- refinement

export interface CrfRefinement {
  method: 'crf'
  /** Mean field steps. */
  iterations: number
  /** Gaussian of positions: weight and width in pixels. Weight 0 leaves a kernel out. */
  smoothness: { weight: number; sxy: number }
  /** Gaussian of positions and colours: widths in pixels and in grey values (0..255). */
  appearance: { weight: number; sxy: number; srgb: number }
}
export interface PamrRefinement {
  method: 'pamr'
  iterations: number
  /** Distances of the neighbours in pixels, 1 to 64 of them. */
  dilations: number[]
}
export type RefineOptions = (CrfRefinement | PamrRefinement) & {
  /** Leave out names that win at no pixel before refinement; not exact. */
  prune: boolean
  /** More memory than this is ERR_WORDMASK_MEMORY; 0: no limit. */
  maxBytes: number
}

/**
 * labelGrids with probabilities that are refined by the colours of the image: the softmax of `temperature` x score; without a
 * temperature the CRF takes the softmax of the score (methods/reco.md 2.8), PAMR the score itself. The threshold of a background is
 * that of what comes out. 4 x names x pixels bytes for the probabilities, and as much again and more for the method; progress counts
 * its iterations. ERR_WORDMASK_MEMORY, with the size, above maxBytes.
 */
export declare function refineGrids(
  image: Pixels,
  grids: ScoreGrid[],
  options: LabelOptions & { temperature?: number },
  refine: RefineOptions,
  task: Task,
): Promise<LabelResult>

export interface Region {
  label: number
  area: number
  /** x, y, width, height */
  bbox: [number, number, number, number]
  /** COCO's uncompressed run lengths: column-major, starting with zeros. */
  counts: Uint32Array
}
/** One region a label value, or one a 4-connected component when `instances`; regions below minArea are dropped. */
export declare function regions(
  labels: Uint8Array | Uint16Array,
  width: number,
  height: number,
  options: { minArea: number; instances: boolean; skip: number[] },
  task: Task,
): Promise<Region[]>

/** side * side grey values, row-major: the mean luma (ITU-R BT.601) under each of side x side equal cells. */
export declare function greyThumbnail(image: Pixels, side: number, task: Task): Promise<Uint8Array>

/** matrix[t * n + p] counts pixels of truth t predicted p; pixels whose truth is `ignore` are left out; anything >= n throws. */
export declare function confusion(
  truth: Uint8Array | Uint16Array,
  prediction: Uint8Array | Uint16Array,
  n: number,
  ignore: number,
): Float64Array

// --------------------------------------------------------------------------------------------------------------- scenes

export interface SceneOptions {
  /** Side of the square picture in pixels: 48 .. 512. */
  size: number
  /** 'train' draws with the training styles, 'unseen' likewise with seeds that training never uses, 'heldout' with the style never trained on. */
  split: 'train' | 'unseen' | 'heldout'
  seed: number
}
export interface Scene {
  pixels: Pixels
  /** Index into ScenePack.names (backgrounds included); every pixel has one. */
  labels: Uint8Array
  /** Everything the picture shows, e.g. "two dogs and a car on grass"; captions[2]. */
  caption: string
  /** As training draws them: [0] one, some or all things; [1] exactly one thing; [2] everything. */
  captions: string[]
  /** Indices of the names present. */
  present: number[]
}
export declare class ScenePack {
  private constructor()
  /**
   * The pack of the training styles and, where there is one, that of the held-out style, without which the split
   * 'heldout' is refused. A newer format is ERR_WORDMASK_VERSION.
   */
  static open(files: string[], task: Task): Promise<ScenePack>
  /** Concepts first, backgrounds last. */
  readonly names: string[]
  readonly concepts: number
  /** The held-out style last, when its file was given. */
  readonly styles: string[]
  /** Token ids that captions, prompts and templates use, ascending; a text tower needs rows for these alone. */
  readonly vocabulary: number[]
  /** No caption has more tokens. */
  readonly contextLength: number
  /** Scene `index` of a split; the same (pack, options, index) always gives the same scene on every machine. */
  render(index: number, options: SceneOptions, task: Task): Promise<Scene>
  /**
   * Scene.present of the scenes first .. first + count - 1, at most 2^20 of them. They are laid out as render lays them out, but nothing is
   * painted: several times as fast.
   */
  present(first: number, count: number, options: SceneOptions, task: Task): Promise<number[][]>
}

// ------------------------------------------------------------------------------------------------------------- training

export interface TrainClipOptions {
  model: ClipConfig
  /** Start from these weights instead of random ones. */
  initial?: string[]
  data: { kind: 'scenes'; pack: string } | { kind: 'packed'; pixels: string; tokens: string }
  /** Folder for checkpoint.safetensors (weights, moments, step) and metrics.jsonl; an existing checkpoint is resumed. */
  into: string
  /** captions: pictures against what captions say. views: pictures alone, two looks at each; the text tower stays as it is. */
  objective: 'captions' | 'views'
  seed: number
  /** Stages run in order; `size` must be a multiple of the patch size and at most the model's image size. */
  stages: { steps: number; batchSize: number; size: number }[]
  learningRate: number
  weightDecay: number
  beta1: number
  beta2: number
  warmupSteps: number
  clipNorm: number
  /**
   * Weight of the patch-level term: the pooled similarity of the patches to every name that captions use (data with tags), or to a
   * second caption; 0 leaves the class-token objective alone.
   */
  patchLoss: number
  /**
   * Weight of the claim term: the names compete for each patch, and each name that the picture shows must win some. Needs data with
   * tags, softTargets and patchLoss > 0.
   */
  claimLoss: number
  /** Soft multi-positive targets from tags, where the data has tags. */
  softTargets: boolean
  freeze: { vision: boolean; text: boolean }
  dtype: 'float32' | 'bfloat16'
  /** Parallel halves of a batch; results depend on it, so it is part of the recipe. */
  workers: number
  checkpointEvery: number
  logEvery: number
}
export interface TrainMetrics {
  step: number
  steps: number
  loss: number
  lossClass: number
  lossPatch: number
  lossClaim: number
  /** Of the objective `views`, 0 otherwise; the three above are then 0. */
  lossView: number
  learningRate: number
  gradNorm: number
  imagesPerSecond: number
  /** Share of the captions whose best picture of the batch shows everything they name; 0 with `views`. */
  retrieval: number
}
/** Resolves with the path of the final weights (fp32 safetensors, OpenAI keys). Abort writes a checkpoint first. */
export declare function trainClip(
  options: TrainClipOptions,
  onMetrics: (metrics: TrainMetrics) => void,
  task: Task,
): Promise<{ weights: string; steps: number; seconds: number }>

// ----------------------------------------------------------------------------------------------------------- DeepLabv3+

export interface DeepLabConfig {
  backbone: 'resnet101' | 'resnet50' | 'mobilenet_v2'
  /** Channels of the logits, background included. */
  classes: number
  /** Pixels a cell of the last stage is wide: 8 or 16. */
  outputStride: number
  /** Multiplies every number of channels but the classes, as torchvision's width_mult; 1 is the published network. */
  width: number
  /** Blocks of the four stages of a ResNet; absent: the published ones. */
  layers?: number[]
}

/** DeepLabv3+ with a separable head; its files have ReCo+'s keys: `backbone.*` as torchvision's, `classifier.*`. */
export declare class DeepLab {
  private constructor()
  /** Strict, as Clip.load; counters of batches may be missing. */
  static load(config: DeepLabConfig, files: string[], compute: ComputeOptions, task: Task): Promise<DeepLab>
  /** Where training from scratch starts; for tests and benchmarks. */
  static random(config: DeepLabConfig, seed: number, compute: ComputeOptions, task: Task): Promise<DeepLab>
  info(): ClipInfo
  /** The image is resized to width x height (no `slide`). -> [classes, ceil(height / 4), ceil(width / 4)] */
  logits(image: Pixels, options: DenseOptions, task: Task): Promise<Float32Tensor>
  /** Normalised pixels [n, 3, H, W] -> [n, classes, ceil(H / 4), ceil(W / 4)] */
  logitsOfPixels(pixels: Float32Tensor, task: Task): Promise<Float32Tensor>
  /** Log-probabilities [h, w, classes]. `background`: class 0 of the network is background, and comes last. */
  score(image: Pixels, options: DenseOptions & { background: boolean }, task: Task): Promise<Float32Tensor>
  /** Writes everything that PyTorch's state_dict of the network holds. */
  save(file: string, dtype: 'float32' | 'float16', metadata: Record<string, string>, task: Task): Promise<void>
  /** Frees the weights once running calls have ended; later calls reject with ERR_WORDMASK_DISPOSED. */
  dispose(): void
}

/** Chances (0..1) and widths of the changes of methods/reco.md 3, in that order. */
export interface SegmenterAugment {
  /** Both sides alike, uniform. */
  scaleLow: number
  scaleHigh: number
  flip: number
  /** That brightness, contrast, saturation and hue change, in random order. */
  jitter: number
  brightness: number
  contrast: number
  saturation: number
  /** Share of the colour circle, at most 0.5. */
  hue: number
  grey: number
  blur: number
}
export interface TrainSegmenterOptions {
  model: DeepLabConfig
  /** A whole network to go on from, or */
  initial?: string[]
  /** For the backbone: torchvision's weights of a classification network, or a whole DeepLabv3+ of any classes. Neither: random weights. */
  backboneWeights?: string[]
  /** Packed pictures: safetensors with `samples` uint8 [n, 4 * W * H] (RGB pixels, then labels; 255 is ignored), metadata width and height. */
  data: string
  /** Likewise; absent: nothing is validated. */
  validation?: string
  /** Folder for model.safetensors, last.safetensors, checkpoint.safetensors and metrics.jsonl; an existing checkpoint is resumed. */
  into: string
  /** Of the weights written. */
  metadata: Record<string, string>
  seed: number
  steps: number
  /** At least 2. Batches run on over the end of an epoch: none is short. */
  batchSize: number
  crop: { width: number; height: number }
  optimiser: 'adam' | 'sgd'
  /** At the start, of the head and of the backbone; both fall by (1 - step / steps) ^ power, not below the floor. */
  learningRate: number
  backboneLearningRate: number
  learningRateFloor: number
  power: number
  /** Of all parameters, added to the gradient. */
  weightDecay: number
  beta1: number
  beta2: number
  /** Of 'sgd'. */
  momentum: number
  /** Of the running statistics of the backbone's norms; the head's is 0.1. */
  backboneNormMomentum: number
  dropout: number
  augment: SegmenterAugment
  preprocess: ResizeOptions
  /** 'bfloat16': convolutions under autocast; weights, norms and losses stay float32. */
  dtype: 'float32' | 'bfloat16'
  /** Threads of a step; results depend on it, so it is part of the recipe. */
  workers: number
  checkpointEvery: number
  validateEvery: number
  logEvery: number
  /** mIoU of the labels after a dense CRF with ReCo's parameters, too; the best weights are those of the best of that. Absent: none. */
  validateRefine?: 'crf'
  /** Validations without a better mIoU before the run ends; 0: it goes on. */
  patience: number
  /** Pictures (of the validation set, else of the data) whose labels go with the metrics of every validation. */
  samples: number
}
/** Every `logEvery` steps with `loss` to `imagesPerSecond`; every `validateEvery` steps, and at the end, with the rest. */
export interface SegmenterMetrics {
  step: number
  steps: number
  /** Mean over the steps since the metrics before. */
  loss?: number
  learningRate?: number
  backboneLearningRate?: number
  gradNorm?: number
  imagesPerSecond?: number
  /** Over the classes that occur in truth or prediction of the validation set. */
  miou?: number
  accuracy?: number
  /** With `validateRefine`: of the labels after it. */
  crfMiou?: number
  /** A class; NaN for one that occurs nowhere. */
  iou?: number[]
  /** Labels of the first pictures, [n, H, W]. */
  samples?: Uint8Array
}
/**
 * Resolves with the weights of the best mIoU (with `validateRefine` after the CRF; without a validation set, of the last step). Abort writes
 * a checkpoint first.
 */
export declare function trainSegmenter(
  options: TrainSegmenterOptions,
  onMetrics: (metrics: SegmenterMetrics) => void,
  task: Task,
): Promise<{
  weights: string
  last: string
  steps: number
  bestStep: number
  miou?: number
  seconds: number
  cpuSeconds: number
  stoppedEarly: boolean
}>
/**
 * One row of packed pictures: resized so that it covers `size` (bilinear, as Pillow; labels nearest), then its middle.
 * lookup[value] is the class of a label value, 255 for one that is ignored, 254 for one that must not be there: `unknown`
 * is the first of these that is, else -1.
 */
export declare function fitPicture(
  image: Pixels,
  labels: { data: Uint8Array | Uint16Array; width: number; height: number },
  lookup: Uint8Array,
  size: { width: number; height: number },
  task: Task,
): Promise<{ pixels: Uint8Array; labels: Uint8Array; unknown: number }>
