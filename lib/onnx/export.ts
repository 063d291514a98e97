import { realpath } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { checkPath } from '../arguments'
import { binding } from '../binding'
import { invalidArgument, WordmaskError } from '../errors'
import { checkOptions, type RunOptions, runOptions } from '../options'
import { writeAtomicBytes } from '../run/atomic'
import { packageVersion } from '../run/environment'
import { withSignal } from '../task'
import type { Color } from '../text/colors'
import { buildNetwork } from './build'
import { sizeOf } from './encode'
import { writePredictPage } from './page'
import { readSavedNetwork, type SavedNetwork } from './saved'
import { StateDict } from './state'

export interface ExportModelOptions extends RunOptions {
  format: 'onnx' | 'safetensors'
  /** The file. */
  into: string
  /** Weights as float16, and in ONNX the network's arithmetic too. Default false. */
  fp16?: boolean
  /** ONNX: also a page that runs the model in a browser; needs the package onnxruntime-web. */
  page?: string
}

export interface ExportedModel {
  file: string
  bytes: number
  page?: string
}

const exportOptions = z.strictObject({
  ...runOptions,
  format: z.enum(['onnx', 'safetensors']),
  into: z.string().min(1),
  fp16: z.boolean().optional(),
  page: z.string().min(1).optional(),
})

/**
 * Writes a trained segmenter (a folder that Segmenter.load takes, of the method deeplabv3plus) as one file.
 *
 * - onnx: `image` uint8 [1, H, W, 3] of any size -> `labels` uint8 [1, H, W] as Segmenter has them, and `score` float32 [1, C, h, w],
 *   log-probabilities on the network's grid, background first where there is one. Resize, normalisation, network, enlargement
 *   and argmax are inside; the enlargement takes 4 C H W bytes. Operator set 18. Metadata: `names` and `colors` (JSON lists, by
 *   label), `licence`, `threshold` where there is one, of several names with commas between, `wordmask` (version and preprocessing). A
 *   name whose highest exp(score) does not reach its threshold has no pixel of `labels`; `score` is as the network has it.
 * - safetensors: ReCo+'s keys, with the metadata of the weights.
 *
 * @throws ERR_WORDMASK_FILE_NOT_FOUND, ERR_WORDMASK_CHECKPOINT for what is no such folder, ERR_WORDMASK_INVALID_ARGUMENT, also for a file of
 *   the segmenter itself and for more than 256 labels in ONNX, ERR_WORDMASK_IO, ERR_WORDMASK_ABORTED
 */
export async function exportModel(folder: string, options: ExportModelOptions): Promise<ExportedModel> {
  checkPath('folder', folder)
  const { format, into, fp16 = false, page, signal, onProgress } = checkOptions('exportModel', exportOptions, options)
  if (page !== undefined && format !== 'onnx') throw invalidArgument('exportModel: page', 'the format onnx with it', format)
  const saved = await readSavedNetwork(folder)
  await refuseOwnFiles([saved.file, join(folder, 'wordmask.json')], into, page)
  return withSignal(signal, async (task) => {
    const state = await StateDict.open([saved.file], task)
    if (format === 'safetensors') return { file: into, bytes: await copyWeights(state, into, fp16, task) }
    const model = await network(state, saved, fp16)
    await writeAtomicBytes(into, model)
    if (page !== undefined)
      await writePredictPage(page, model, { ...labelsOf(saved), licence: saved.network.licence, background: saved.network.background })
    onProgress?.(1, 1)
    return { file: into, bytes: sizeOf(model), ...(page !== undefined && { page }) }
  })
}

/** Written over, its weights would be no longer those that it was saved with. */
async function refuseOwnFiles(own: readonly string[], into: string, page: string | undefined): Promise<void> {
  const real = (file: string) => realpath(file).catch(() => resolve(file))
  const kept = await Promise.all(own.map(real))
  for (const [name, file] of Object.entries({ into, page })) {
    if (file !== undefined && kept.includes(await real(file)))
      throw invalidArgument(`exportModel: ${name}`, 'another file than those of the segmenter itself', file)
  }
  if (page !== undefined && (await real(page)) === (await real(into)))
    throw invalidArgument('exportModel: page', 'another file than that of the model', page)
}

async function network(state: StateDict, saved: SavedNetwork, half: boolean): Promise<Uint8Array[]> {
  const { network, size } = saved
  const { background, thresholds } = network
  const { names, colors } = labelsOf(saved)
  const channels = state.shape('classifier.classifier.3.weight')[0]
  if (channels !== names.length)
    throw new WordmaskError(
      'ERR_WORDMASK_CHECKPOINT',
      `Expected ${names.length} channels (${names.join(', ')}) but ${saved.file} has ${channels}`,
    )
  const { mean, std, interpolation: filter } = network.preprocess
  return buildNetwork(state, {
    outputStride: network.config.outputStride,
    view: { size: size ?? { cover: network.size }, filter, mean, std },
    half,
    ...(thresholds && { thresholds: background ? [0, ...thresholds] : thresholds }),
    metadata: {
      names: JSON.stringify(names),
      colors: JSON.stringify(colors.map(hex)),
      licence: network.licence,
      ...(thresholds && { threshold: thresholds.join(',') }),
      wordmask: JSON.stringify({
        version: packageVersion(),
        background,
        size: network.size,
        preprocess: network.preprocess,
      }),
    },
  })
}

/** By label. */
function labelsOf({ network, classes }: SavedNetwork): { names: string[]; colors: Color[] } {
  const background = network.background ? [{ name: 'background', color: [0, 0, 0] as Color }] : []
  const all = [...background, ...classes]
  return { names: all.map(({ name }) => name), colors: all.map(({ color }) => color) }
}

const hex = (color: Color) => `#${color.map((value) => value.toString(16).padStart(2, '0')).join('')}`

/** Counters of training batches are left out: nothing that loads the weights asks for them. */
async function copyWeights(state: StateDict, into: string, half: boolean, task: object): Promise<number> {
  const keys = state.keys().filter((key) => !key.endsWith('num_batches_tracked'))
  const tensors: Parameters<ReturnType<typeof binding>['writeSafetensors']>[1] = []
  for (const key of keys) {
    const norm = state.has(`${key.slice(0, key.lastIndexOf('.'))}.running_mean`)
    tensors.push({ key, ...(await state.tensor(key)), dtype: half && !norm ? 'float16' : 'float32' })
  }
  await binding().writeSafetensors(into, tensors, state.metadata, task)
  return tensors.reduce((sum, { data, dtype }) => sum + data.length * (dtype === 'float16' ? 2 : 4), 0)
}
