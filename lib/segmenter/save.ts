import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { binding } from '../binding'
import { Clip } from '../clip/clip'
import type { ClipOptions } from '../clip/options'
import { imageSize } from '../clip/options'
import { WordmaskError } from '../errors'
import { checkOptions, positiveInteger, type RunOptions, runOptions, slideOptions } from '../options'
import { writeAtomic } from '../run/atomic'
import { sha256File } from '../setup/hash'
import { withSignal } from '../task'
import { type ClassSpec, parseClasses } from '../text/classes'
import { background, methodNamed } from './options'
import type { Defaults } from './plan'
import type { Segmenter } from './segmenter'
import { TextCache, textKey, textRows } from './text-cache'

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
  version: z.number().int(),
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
  const { copyWeights = false, signal } = checkOptions('save', saveOptions, given)
  const { clip, defaults, text } = segmenter
  const { classes, method, templates } = defaults
  const sha256: string[] = []
  await makeFolder(folder)
  if (copyWeights) await clip.save(join(folder, weightsFile), { signal })
  else for (const file of clip.info.files) sha256.push(await sha256File(file))
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

type Make = (clip: Clip, defaults: Defaults, text: TextCache) => Segmenter

export async function loadSegmenter(folder: string, options: ClipOptions, make: Make): Promise<Segmenter> {
  const saved = await readIndex(folder)
  const classes = saved.classes ? parseClasses(saved.classes as unknown as ClassSpec[]) : undefined
  const clip = await Clip.load(saved.clip.copied ? join(folder, weightsFile) : saved.clip.load, { ...options, dense: saved.clip.dense })
  try {
    if (!saved.clip.copied) await checkWeights(folder, saved.clip.load, clip.info.files, saved.clip.sha256)
    const { templates, size, slide, maxPixels } = saved
    const defaults = {
      method: methodNamed(saved.method),
      classes,
      templates,
      background: saved.background ?? undefined,
      size: size ?? undefined,
      slide: slide ?? undefined,
      maxPixels: maxPixels ?? undefined,
    }
    const text = new TextCache(clip)
    if (classes) {
      const rows = textRows(classes, defaults.background)
      const file = join(folder, textFile)
      const { metadata } = await binding().readCheckpoint([file], {})
      const vectors = await binding().readTensor([file], 'text', {})
      if (metadata[textMetadata] !== textKey(rows, templates) || vectors.shape.join() !== `${rows.length},${clip.info.embedDim}`) {
        throw new WordmaskError(
          'ERR_WORDMASK_CHECKPOINT',
          `${file} does not hold the text vectors of ${join(folder, indexFile)}. Save the segmenter again.`,
        )
      }
      text.add(rows, templates, vectors)
    }
    return make(clip, defaults, text)
  } catch (error) {
    clip.dispose()
    throw error
  }
}

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
  return result.data
}

async function checkWeights(folder: string, name: string, files: readonly string[], expected: readonly string[]): Promise<void> {
  const actual = await Promise.all(files.map(sha256File))
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
