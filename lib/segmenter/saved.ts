import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { imageSize } from '../clip/options'
import { WordmaskError } from '../errors'
import { positiveInteger, slideOptions } from '../options'
import { sha256File } from '../setup/hash'
import { type ClassSpec, parseClasses } from '../text/classes'
import { templateList } from '../text/prompts'
import { background, methodNamed } from './options'
import { textRows } from './text-cache'

export const segmenterVersion = 1
export const indexFile = 'wordmask.json'
export const textFile = 'text.safetensors'
/** Which classes and templates the vectors belong to: a folder saved over and interrupted half way is noticed. */
export const textMetadata = 'wordmask.text'
export const weightsFile = 'clip.safetensors'

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

/** wordmask.json, checked. @throws ERR_WORDMASK_FILE_NOT_FOUND, ERR_WORDMASK_VERSION, ERR_WORDMASK_CHECKPOINT */
export async function readIndex(folder: string) {
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

/** sha256 of the weights, in order. @throws ERR_WORDMASK_IO */
export async function hashes(files: readonly string[]): Promise<string[]> {
  const all: string[] = []
  for (const file of files) {
    const hash = await sha256File(file).catch((cause) => {
      throw new WordmaskError('ERR_WORDMASK_IO', `The weights ${file} cannot be read: ${cause.message}`, { cause })
    })
    all.push(hash)
  }
  return all
}
