import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { imageSize } from '../clip/options'
import { newerFormat, WordmaskError } from '../errors'
import { positiveInteger, slideOptions } from '../options'
import { refine, refinementOf } from '../refine/options'
import { type ClassSpec, parseClasses } from '../text/classes'
import { templateList, templateNames } from '../text/prompts'
import { methodKind, methodNamed } from './methods'
import { background, type Method } from './options'
import type { Defaults } from './plan'
import { textRows } from './text-cache'

export const segmenterVersion = 1
export const indexFile = 'wordmask.json'

/** What every saved segmenter has, whatever its method. */
const head = z.strictObject({
  version: z.literal(segmenterVersion),
  kind: z.literal('segmenter'),
  method: z.string(),
  classes: z.array(z.looseObject({ name: z.string() })).nullable(),
  templates: z.union([z.enum(templateNames), z.array(z.string())]),
  background: background.nullable(),
  size: imageSize.nullable(),
  slide: slideOptions.nullable(),
  maxPixels: positiveInteger.nullable(),
  refine: refine.optional(),
})

export interface SavedSegmenter {
  method: Method
  defaults: Defaults
  /** The method's own keys. */
  own: Record<string, unknown>
}

/** wordmask.json, checked. @throws ERR_WORDMASK_FILE_NOT_FOUND, ERR_WORDMASK_VERSION, ERR_WORDMASK_CHECKPOINT */
export async function readIndex(folder: string): Promise<SavedSegmenter> {
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
    throw newerFormat(file, version, segmenterVersion)
  }
  const broken = (what: string, cause?: unknown) =>
    new WordmaskError('ERR_WORDMASK_CHECKPOINT', `${file} is not a saved segmenter: ${what}`, { cause })
  let method: Method
  try {
    method = methodNamed((value as { method?: unknown } | null)?.method)
  } catch (cause) {
    throw broken((cause as Error).message, cause)
  }
  const { saved } = await methodKind(method)
  const result = head.extend(saved.shape).safeParse(value) as z.ZodSafeParseResult<z.infer<typeof head> & Record<string, unknown>>
  if (!result.success) throw broken(z.prettifyError(result.error))
  const { version: _, kind: __, method: ___, classes, templates, background, size, slide, maxPixels, refine, ...own } = result.data
  try {
    // Names, colours and templates have rules of their own.
    templateList(templates)
    const entries = classes ? parseClasses(classes as unknown as ClassSpec[]) : undefined
    if (entries) textRows(entries, background ?? undefined)
    const view = { size: size ?? undefined, slide: slide ?? undefined, maxPixels: maxPixels ?? undefined, refine: refinementOf(refine) }
    return { method, defaults: { classes: entries, templates, background: background ?? undefined, ...view }, own }
  } catch (cause) {
    throw broken((cause as Error).message, cause)
  }
}
