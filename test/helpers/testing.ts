import { createRequire } from 'node:module'
import { join } from 'node:path'
import type {
  ClipConfig,
  EncoderConfig,
  Float32Tensor,
  RefineOptions,
  SearchOptions,
  StarOptions,
  StarOrder,
  VectorLayout,
} from '../../binding'
import { binding } from '../../lib/binding'

export interface LabelMapOptions {
  height: number
  width: number
  extentH?: number
  extentW?: number
  temperature?: number
  threshold?: number
  factor?: Float32Tensor
  factorExtentH?: number
  factorExtentW?: number
}

export interface TopkOptions {
  k: number
  threshold?: number
  allow?: Uint8Array
  type: string
  queryType: string
  layout: string
}

export interface TopkResult {
  scores: Float64Array
  indices: Int32Array
}

export interface StarCase extends StarOptions {
  type: string
  layout: string
}
export interface StarAnswer {
  centres: Float64Array
  scores: Float64Array
}

export interface Picture {
  data: Uint8Array
  width: number
  height: number
}
export interface ResizeFrame {
  width: number
  height: number
  left: number
  top: number
}
export interface ResizeOptions {
  width: number
  height: number
  filter: 'nearest' | 'bilinear' | 'bicubic'
  mean?: number[]
  std?: number[]
}

export interface MaskPoolOptions {
  reduce: 'sum' | 'mean' | 'unit'
  sampling: 'area' | 'bilinear'
  extentH?: number
  extentW?: number
}
export interface RunMasks {
  counts: Int32Array
  offsets: number[]
  height: number
  width: number
  columns: boolean
}
type Pooled = Record<'vectors' | 'mass' | 'empty', Float64Array>

export type Labels = Uint8Array | Uint16Array | Int32Array | BigInt64Array

export type Dtype = 'float32' | 'bfloat16'
/** A kernel, the plain operators of the same dtype, and the formula in float64. */
type ConvTensors = [x: Float32Tensor, weight: Float32Tensor, bias: Float32Tensor | undefined, other: Float32Tensor | undefined]
type ConvOptions = Record<'stride' | 'padding' | 'dilation' | 'groups' | 'ceiling', number> & { dtype: Dtype }

export interface Compared {
  ours: Float32Array
  plain: Float32Array
  exact: Float64Array
}

/** features [k, h, w, c], clip [k, h', w', d], text [d], contexts [m, c] */
export interface RecoCase {
  features: Float32Tensor
  clip?: Float32Tensor
  text?: Float32Tensor
  contexts?: Float32Tensor
}

/** wordmask_testing.node (test/native): kernels beside their references, module states, gradients. */
export interface Testing {
  labelMap(scores: Float32Tensor, options: LabelMapOptions, strided: boolean): Int32Array
  labelMapReference(scores: Float32Tensor, options: LabelMapOptions): { scores: Float64Array; labels: Int32Array }
  maxAffinity(features: Float32Tensor, weights: Float32Tensor | undefined, dtype: string, layout: string): Float32Array
  maxAffinityReference(
    features: Float32Tensor,
    weights: Float32Tensor | undefined,
    dtype: string,
  ): { exact: Float64Array; plain: Float32Array }
  /** The brute force in float64: every matrix of the official code written out. */
  recoReference(
    images: RecoCase,
    window: 'perImage' | 'official',
  ): { weights: Float64Array; support: Float64Array; seeds: number[]; embedding: Float64Array }
  recoWeights(images: RecoCase): Float64Array
  /** A small net trained on labels [n, h, w] of features [n, h, w, c]; its labels of `tests`. */
  recoNet(
    features: Float32Tensor,
    labels: Float32Tensor,
    tests: Float32Tensor,
    options: { classes: number; seed: number; steps: number },
  ): Float64Array
  /** features [k, P, c], weights [k, P] */
  recoSeeds(features: Float32Tensor, weights: Float32Tensor, window: 'perImage' | 'official'): { seeds: number[]; support: Float64Array }
  seeds(affinity: Float32Tensor, window: 'perImage' | 'official'): { support: Float64Array; seeds: number[] }
  /** Whether this machine runs that instruction set, which the tile kernels use from now on; undefined: the widest. */
  limitTiles(name?: string): boolean
  topkSimilarity(query: Float32Tensor, database: Float32Tensor, options: TopkOptions): TopkResult
  topkMapped(query: Float32Tensor, rows: { path: string; offset: number; shape: number[] }, options: TopkOptions): TopkResult
  topkReference(
    query: Float32Tensor,
    database: Float32Tensor,
    options: TopkOptions,
  ): TopkResult & { products: Float64Array; plain: Float64Array }
  labelScores(scores: Float32Tensor, k: number, options: LabelMapOptions): Record<'labels' | 'values' | 'sums', Float64Array>
  resizeNormalize(images: Picture[], frames: ResizeFrame[], options: ResizeOptions, strided: boolean): Float32Array
  resizeNormalizeReference(image: Picture, frame: ResizeFrame, options: ResizeOptions): Float64Array
  /** Bytes in which the vector and the plain form of the passes differ. */
  resizePassesDiffer(size: number, resized: number, filter: string, seed: number): number
  maskPool(
    masks: Float32Tensor,
    maskType: 'bool' | 'uint8' | 'int32' | 'float32' | 'float64',
    features: Float32Tensor,
    featureType: 'float32' | 'float64',
    options: MaskPoolOptions,
    strided: boolean,
  ): Pooled
  maskPoolRuns(masks: RunMasks, features: Float32Tensor, options: MaskPoolOptions): Pooled
  maskPoolReference(masks: Float32Tensor, features: Float32Tensor, options: MaskPoolOptions): Omit<Pooled, 'empty'>
  maskPoolGradient(
    masks: Float32Tensor,
    features: Float32Tensor,
    options: MaskPoolOptions,
    direction: Float32Tensor,
  ): { value: number; masks: Float64Array; features: Float64Array }
  confusion(truth: Labels | Float32Array, prediction: Labels, classes: number, ignore: number, strided: boolean): Float64Array
  confusionReference(truth: Labels, prediction: Labels, classes: number, ignore: number): Float64Array
  /** Probabilities [H, W, T] refined; `cancelAfter` so many reports of progress the call is cancelled. */
  refineVolume(
    probabilities: Float32Tensor,
    rgb: Uint8Array,
    options: RefineOptions,
    cancelAfter?: number,
  ): { values: Float32Array; progress: Float64Array }
  /** In float64; CRF: with the Gaussians themselves, or on a plain lattice. */
  refineReference(probabilities: Float32Tensor, rgb: Uint8Array, options: RefineOptions, kernels: 'exact' | 'lattice'): Float64Array
  /** A search of a file by pieces of so many rows, a multiple of 8. */
  searchPieces(file: string, layout: VectorLayout, query: Float32Tensor, options: SearchOptions, piece: number): TopkResult
  vectorStars(rows: Float32Tensor, options: StarCase): StarAnswer & { sketch: number; verified: number }
  /** margin: how near any cosine that was asked for comes to the threshold. */
  vectorStarsReference(rows: Float32Tensor, options: StarCase): StarAnswer & { margin: number }
  hammingStarsReference(hashes: BigUint64Array, options: StarOrder & { maxHamming: number }): StarAnswer
  setThreads(threads: number): void
  parallelThreads(): number
  laneThreads(lane: string): { wanted: number; used: number }
  queueOrder(n: number, withdrawn: number): { ran: number[]; taken: boolean; again: boolean; waited: boolean; ended: boolean }
  /** The function returned lets the lane go on. */
  holdLane(lane: string): () => void
  /** Bytes that freed tensors have left for the next ones. */
  keptMemory(): number
  keptReuses(first: number, second: number): boolean
  keptAfter(count: number, bytes: number, computes: boolean): number
  keptRelease(): number
  keptClashes(threads: number, rounds: number): number
  freeMemory(): [before: number, after: number]
  moduleState(config: ClipConfig): { key: string; shape: number[]; sources: string[] }[]
  encoderState(config: EncoderConfig): { key: string; shape: number[]; sources: string[] }[]
  /** Whether a file may hold that key although the tower has none like it. */
  encoderIgnores(config: EncoderConfig, key: string): boolean
  resizePosition(
    table: Float32Tensor,
    h: number,
    w: number,
    how?: { special: number; offset: number; antialias: boolean; byCount: boolean },
  ): Float32Tensor
  windowPosition(table: Float32Tensor, y: number, x: number, h: number, w: number): Float32Tensor
  withoutGradient(config: ClipConfig, window: number): string[]
  attention(
    x: Float32Tensor,
    heads: number,
    causal: boolean,
    packed: boolean,
  ): Record<'ours' | 'exact' | 'value' | 'exactValue', Float32Tensor>
  /** Multiply-adds of dense features of n pictures, by operator. */
  multiplyAdds(config: ClipConfig, n: number, height: number, width: number): Record<string, number>
  packedAndPlain(
    config: ClipConfig,
    pixels: Float32Tensor,
  ): { same: boolean; trained: boolean; packed: number; unmarked: number; image: Float32Tensor; plain: Float32Tensor }
  packedLinear(
    x: Float32Tensor,
    weight: Float32Tensor,
    bias: Float32Tensor,
    fused: 'none' | 'gelu' | 'swish',
    dtype: Dtype,
  ): Compared & { unpacked: boolean }
  packedConv(
    ...given: [...ConvTensors, ConvOptions & { relu: boolean; winograd?: boolean }]
  ): Compared & { unpacked: boolean; winograd: boolean }
  /** Whether a convolution of an input [b, in, h, w] takes Winograd's form. */
  winogradSuits(input: number[], out: number, options: ConvOptions & { kernel: number }): boolean
  /** Undefined where this machine lacks the vectors of `isa`; only `light` where that is false. */
  lightConv(
    ...given: [...ConvTensors, Omit<ConvOptions, 'dtype'> & { relu: boolean; isa: string }]
  ): (Compared & { unpacked: boolean; light: boolean }) | undefined
  packedOutside(): void
  attentionKernel(
    qkv: Float32Tensor,
    queries: number,
    heads: number,
    options: { causal: boolean; strided: boolean; dtype: Dtype; lengths?: number[] | undefined },
  ): Compared
  residualNorm(
    stream: Float32Tensor,
    delta: Float32Tensor | undefined,
    gain: Float32Tensor,
    bias: Float32Tensor,
    options: { deltaScale: number; scale: number; eps: number; dtype: Dtype; deltaDtype: Dtype },
  ): Record<'stream' | 'added' | 'normed' | 'plain', Float32Array> & Record<'exactStream' | 'exact', Float64Array>
  patchesAndDense(config: ClipConfig, pixels: Float32Tensor): Record<'patches' | 'dense' | 'pooled' | 'image', Float32Tensor>
  contrastiveLoss(logits: Float32Tensor, positive: Float32Tensor): { loss: number; gradient: Float32Tensor }
  pooledSimilarity(patches: Float32Tensor, text: Float32Tensor): Float32Tensor
  captionTruth(pictures: { present: number[]; captions: { named: number[]; everything: boolean }[] }[]): Float32Tensor
  claimLoss(patches: Float32Tensor, names: Float32Tensor, present: Float32Tensor, scale: number): { loss: number; gradient: Float32Tensor }
  swappedPrediction(first: Float32Tensor, second: Float32Tensor): { loss: number; gradient: Float32Tensor }
  balancedAssignment(scores: Float32Tensor): Float32Tensor
  /** By patch of the second look the patch of the first that it shows. */
  viewShown(window: Record<string, number | boolean>): Float32Tensor
  adamw(
    options: Record<'learningRate' | 'beta1' | 'beta2' | 'weightDecay' | 'scale', number>,
    values: Float32Tensor,
    gradients: Float32Tensor,
  ): Float32Tensor
  cosineRate(step: number, steps: number, warmup: number, peak: number): number
  /** Loss and gradient of the first step of a training run; options as JSON. */
  stepGradient(options: string): { loss: number; gradient: Record<string, Float32Tensor> }
  trainTowers(
    config: string,
    pixels: Float32Tensor,
    tokens: Float32Tensor,
  ): Record<'image' | 'patches' | 'text' | 'imageModel' | 'patchesModel' | 'textModel', Float32Tensor>
}

let loaded: Testing | undefined

/** Loaded after the addon proper, which has opened LibTorch. */
export function testing(): Testing {
  binding()
  if (!loaded) {
    loaded = createRequire(import.meta.url)(join(import.meta.dirname, '../../build/Release/core/wordmask_testing.node')) as Testing
    // Small tensors on busy cores: a parallel region costs more than it saves.
    loaded.setThreads(1)
  }
  return loaded
}

/** Numbers in [-1, 1) that are the same on every machine (mulberry32). */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1
  }
}

export function randomTensor(shape: number[], seed: number): Float32Tensor {
  const next = random(seed)
  return { data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next), shape }
}

export function tensor(shape: number[], values: number[]): Float32Tensor {
  return { data: Float32Array.from(values), shape }
}
