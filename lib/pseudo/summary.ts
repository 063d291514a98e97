import { rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { CuratedSet } from '../curate/curated-set'
import { invalidArgument } from '../errors'
import { writeAtomicParts } from '../run/atomic'
import { inputsOf } from '../sources/resolve'
import type { ClassEntry } from '../text/classes'
import { type ImagesMode, labelLines } from './folder'
import { uncertainLabel } from './labelling'
import type { PseudoLabelled } from './options'
import { type LabelSources, uriOf } from './shards'

/**
 * Where the images of the labels lie. @throws ERR_WORDMASK_INVALID_ARGUMENT where they lie in no one folder and are to stay there, or where
 * the output folder lies among them
 */
export async function imagesFolder(sources: LabelSources, images: ImagesMode, into: string): Promise<string> {
  const inputs = sources instanceof CuratedSet ? [] : inputsOf(sources)
  const folders: string[] = []
  for (const input of inputs) {
    const uri = uriOf(input)
    if (uri !== '' && (await stat(uri).catch(() => undefined))?.isDirectory()) folders.push(resolve(uri))
  }
  const around = folders.find((folder) => `${into}/`.startsWith(`${folder.replace(/\/$/, '')}/`))
  if (around !== undefined) throw invalidArgument('into', `a folder outside the images, which are all that is in ${around}`, into)
  if (images !== 'none') return join(into, 'images')
  if (inputs.length === 1 && folders.length === 1) return folders[0] as string
  throw invalidArgument('images', "'link' or 'copy', unless the only source is a local folder", images)
}

/** Counts the folder, and writes rejects.jsonl, or takes away one that is out of date. */
export async function summarize(
  into: string,
  classes: readonly ClassEntry[],
  background: boolean,
): Promise<Pick<PseudoLabelled, 'labelled' | 'rejected' | 'coverage' | 'uncertain'>> {
  const pixels = new Float64Array(256)
  let labelled = 0
  let rejected = 0
  for await (const line of labelLines(into)) {
    if (line.code !== undefined) {
      rejected++
      continue
    }
    labelled++
    for (const [value, count] of Object.entries(line.pixels ?? {})) pixels[Number(value)] = (pixels[Number(value)] as number) + count
  }
  const file = join(into, 'rejects.jsonl')
  if (rejected > 0) await writeAtomicParts(file, rejects(into))
  else await rm(file, { force: true })
  const all = pixels.reduce((a, b) => a + b, 0)
  const share = (value: number) => (all > 0 ? (pixels[value] as number) / all : 0)
  const coverage = Object.fromEntries(classes.map(({ name }, i) => [name, share(i + (background ? 1 : 0))]))
  return { labelled, rejected, coverage, uncertain: share(uncertainLabel) }
}

async function* rejects(into: string): AsyncGenerator<string> {
  for await (const { image, code, reason } of labelLines(into))
    if (code !== undefined) yield `${JSON.stringify({ image, code, message: reason })}\n`
}
