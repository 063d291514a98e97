import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { checkPath } from '../arguments'
import { binding } from '../binding'
import { Clip } from '../clip/clip'
import type { ClipOptions } from '../clip/options'
import { imageSize } from '../clip/options'
import { saveClip } from '../clip/save'
import { WordmaskError } from '../errors'
import { checkOptions, positiveInteger, type RunOptions, runOptions, slideOptions, type Tensor, throwIfAborted } from '../options'
import { writeAtomic } from '../run/atomic'
import { sha256File } from '../setup/hash'
import { withSignal } from '../task'
import { type ClassEntry, type ClassSpec, parseClasses } from '../text/classes'
import { type Templates, templateList } from '../text/prompts'
import { background, methodNamed } from './options'
import type { Defaults } from './plan'
import type { Segmenter } from './segmenter'
import { textKey, textRows } from './text-cache'

const segmenterVersion = 1
const indexFile = 'wordmask.json'
const textFile = 'text.safetensors'
/** Which classes and templates the vectors belong to: a folder saved over and interrupted half way is noticed. */
const textMetadata = 'wordmask.text'
const weightsFile = 'clip.safetensors'

export interface SaveOptions extends RunOptions {
  /** Write the model's weights into the folder too. Default false: the folder refers to the model by name and sha256. */
  copyWeights?: boolean
}

const saveOptions = z.strictObject({ ...runOptions, copyWeights: z.boolean().optional() })

const schema = z.strictObject({
  version: z.literal(segmenterVersion),
  kind: z.literal('segmenter'),
  method: z.string(),
  /** `load` is what Clip.load takes; `copied`: the weights lie in the folder. */
  clip: z.strictObject({ load: z.string(), copied: z.boolean(), sha256: z.array(z.string()), dense: z.enum(['value', 'residual']) }),
  classes: z.array(z.looseObject({ name: z.string() })).nullable(),
  templates: z.union([z.enum(['none', 'vild', 'imagenet']), z.array(z.string())]),
  background: background.nullable(),
  size: imageSize.nullable(),
  slide: slideOptions.nullable(),
  maxPixels: positiveInteger.nullable(),
})

/** wordmask.json is written last: a folder that has one is whole. */
export async function saveSegmenter(segmenter: Segmenter, folder: string, given: SaveOptions): Promise<void> {
  checkPath('folder', folder)
  const { copyWeights = false, signal } = checkOptions('save', saveOptions, given)
  const { clip, defaults, text } = segmenter
  const { classes, method, templates } = defaults
  const copy = join(folder, weightsFile)
  await makeFolder(folder)
  if (copyWeights) await withSignal(signal, (task) => saveClip(clip.native, clip.source, copy, 'float32', task))
  const sha256 = await hashes(copyWeights ? [copy] : clip.info.files)
  if (classes) {
    const rows = textRows(classes, defaults.background)
    const vectors = await text.vectors(rows, templates, signal)
    const tensor = { key: 'text', data: vectors.data, shape: vectors.shape, dtype: 'float32' as const }
    await withSignal(signal, (task) =>
      binding().writeSafetensors(join(folder, textFile), [tensor], { [textMetadata]: textKey(rows, templates) }, task),
    )
  }
  const reference = { load: clip.source.load, copied: copyWeights, sha256, dense: clip.source.config.dense }
  const index = {
    version: segmenterVersion,
    kind: 'segmenter',
    method,
    clip: reference,
    classes: classes ?? null,
    templates,
    background: defaults.background ?? null,
    size: defaults.size ?? null,
    slide: defaults.slide ?? null,
    maxPixels: defaults.maxPixels ?? null,
  }
  await writeAtomic(join(folder, indexFile), `${JSON.stringify(index, null, 2)}\n`)
}

/** What a folder holds; the Clip is the caller's to dispose of. */
export async function loadSegmenter(
  folder: string,
  options: ClipOptions,
): Promise<{ clip: Clip; defaults: Defaults; vectors: Tensor | undefined }> {
  const saved = await readIndex(folder)
  const { copied, load, dense, sha256 } = saved.clip
  const clip = await Clip.load(copied ? join(folder, weightsFile) : load, { ...options, dense })
  try {
    await checkWeights(folder, load, clip.info.files, sha256)
    const { method, classes, templates, background, size, slide, maxPixels } = saved
    const defaults = {
      method,
      classes,
      templates,
      background: background ?? undefined,
      size: size ?? undefined,
      slide: slide ?? undefined,
      maxPixels: maxPixels ?? undefined,
    }
    const vectors = classes && (await readVectors(folder, textRows(classes, defaults.background), templates, clip.info.embedDim))
    throwIfAborted(options.signal)
    return { clip, defaults, vectors }
  } catch (error) {
    clip.dispose()
    throw error
  }
}

/** @throws ERR_WORDMASK_CHECKPOINT for vectors of other names or templates, or that are none */
async function readVectors(folder: string, rows: readonly ClassEntry[], templates: Templates, embedDim: number): Promise<Tensor> {
  const file = join(folder, textFile)
  const { metadata, tensors } = await binding().readCheckpoint([file], {})
  const [{ key, shape } = { key: '', shape: [] }] = tensors
  if (metadata[textMetadata] === textKey(rows, templates) && key === 'text' && shape.join() === `${rows.length},${embedDim}`) {
    const vectors = await binding().readTensor([file], 'text', {})
    if (rows.every((_, i) => isUnit(vectors.data.subarray(i * embedDim, (i + 1) * embedDim)))) return vectors
  }
  throw new WordmaskError(
    'ERR_WORDMASK_CHECKPOINT',
    `${file} does not hold the text vectors of ${join(folder, indexFile)}. Save the segmenter again.`,
  )
}

/** False for NaN, too. */
const isUnit = (row: Float32Array) => Math.abs(row.reduce((sum, x) => sum + x * x, 0) - 1) < 1e-3

async function readIndex(folder: string) {
  const file = join(folder, indexFile)
  const content = await readFile(file, 'utf8').catch((cause) => {
    throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `No segmenter in ${folder}: ${indexFile} is missing`, { cause })
  })
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch (cause) {
    throw new WordmaskError('ERR_WORDMASK_CHECKPOINT', `${file} is not valid JSON: ${(cause as Error).message}`, { cause })
  }
  const version = (value as { version?: unknown } | null)?.version
  if (typeof version === 'number' && version > segmenterVersion) {
    throw new WordmaskError(
      'ERR_WORDMASK_VERSION',
      `${file} has format ${version}; this wordmask reads up to ${segmenterVersion}. Update with \`npm install wordmask@latest\`.`,
    )
  }
  const result = schema.safeParse(value)
  if (!result.success)
    throw new WordmaskError('ERR_WORDMASK_CHECKPOINT', `${file} is not a saved segmenter: ${z.prettifyError(result.error)}`)
  const { data } = result
  try {
    // Names, colours and templates have rules of their own.
    templateList(data.templates)
    const classes = data.classes ? parseClasses(data.classes as unknown as ClassSpec[]) : undefined
    if (classes) textRows(classes, data.background ?? undefined)
    return { ...data, method: methodNamed(data.method), classes }
  } catch (cause) {
    throw new WordmaskError('ERR_WORDMASK_CHECKPOINT', `${file} is not a saved segmenter: ${(cause as Error).message}`, { cause })
  }
}

async function hashes(files: readonly string[]): Promise<string[]> {
  const all: string[] = []
  for (const file of files) {
    const hash = await sha256File(file).catch((cause) => {
      throw new WordmaskError('ERR_WORDMASK_IO', `The weights ${file} cannot be read: ${cause.message}`, { cause })
    })
    all.push(hash)
  }
  return all
}

async function checkWeights(folder: string, name: string, files: readonly string[], expected: readonly string[]): Promise<void> {
  const actual = await hashes(files)
  if (actual.join() === expected.join()) return
  throw new WordmaskError(
    'ERR_WORDMASK_CHECKPOINT',
    `${folder} was saved with other weights of ${name} (sha256 ${expected.join(', ')}) than these (${actual.join(', ')}). Save it again, or with copyWeights.`,
  )
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((cause) => {
    throw new WordmaskError('ERR_WORDMASK_IO', `Cannot make the folder ${folder}: ${cause.message}`, { cause })
  })
}
