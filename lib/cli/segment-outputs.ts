import { lstat, readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Pending } from '../run/output-folder'
import type { Segmentation } from '../segmenter/segmentation'
import type { ClassEntry } from '../text/classes'
import type { SegmentFlags, Written } from './commands/segment'
import { UsageError } from './usage'

/** An image to segment; `data` where it is no file of its own. */
export type SegmentItem = Pending & { data?: Uint8Array }

type OutputFlags = Pick<SegmentFlags, 'write' | 'instances'>

/** Kinds that are made of masks; those of whole data sets are written from the journal when all images are done. */
const ofMasks: Written[] = ['cutouts', 'coco', 'jsonl', 'yolo', 'label-studio', 'csv']
const ofJournal: Written[] = ['coco', 'jsonl', 'label-studio', 'csv']

/** Files below the output folder that every finished image has; cut-outs depend on what was found and are not asked for. */
export function expectedFiles(name: string, { write, instances = false }: OutputFlags): string[] {
  const objects = instances ? ['SegmentationClass', 'SegmentationObject'] : ['SegmentationClass']
  const files: Partial<Record<Written, string[]>> = {
    labels: [`labels/${name}.png`],
    overlay: [`overlay/${name}.png`],
    voc: objects.map((kind) => `voc/${kind}/${name}.png`),
    cvat: objects.map((kind) => `cvat/${kind}/${name}.png`),
    yolo: [`yolo/labels/${name}.txt`],
  }
  return write.flatMap((kind) => files[kind] ?? [])
}

/** @throws ERR_WORDMASK_INVALID_ARGUMENT for classes that a format cannot hold, before the first image is read. */
export async function checkOutputs(classes: readonly ClassEntry[], { write }: OutputFlags): Promise<void> {
  if (write.includes('voc') || write.includes('cvat')) (await import('../write/voc.js')).checkVocClasses(classes)
}

/** Where a kind lies below the output folder. */
const places: Partial<Record<Written, string[]>> = {
  coco: ['coco.json'],
  csv: ['segments.csv'],
  'label-studio': ['label-studio.json', 'label-studio.xml'],
}

/** @throws UsageError where a file lies in the place of a folder, or a folder in that of a file: no image could be written. */
export async function checkPlaces(into: string, options: OutputFlags): Promise<void> {
  const { write } = options
  const images = [...expectedFiles('image', options), ...(write.includes('cutouts') ? ['cutouts/image'] : [])]
  for (const folder of new Set(images.flatMap(foldersAbove))) {
    const at = path.join(into, folder)
    if ((await entryAt(at))?.isDirectory() !== false) continue
    throw new UsageError(`Expected a folder at ${at} to write into, but there is a file: take it away, or choose another --into`)
  }
  for (const file of write.flatMap((kind) => places[kind] ?? [])) {
    const at = path.join(into, file)
    if ((await entryAt(at))?.isDirectory())
      throw new UsageError(`Expected to write the file ${at}, but there is a folder: take it away, or choose another --into`)
  }
}

/** 'a/b/c' -> 'a', 'a/b' */
const foldersAbove = (file: string) => file.split('/').flatMap((_, i, parts) => (i === 0 ? [] : [parts.slice(0, i).join('/')]))

/** A link that leads nowhere is in the way, too. */
const entryAt = (at: string) => stat(at).catch(() => lstat(at).catch(() => undefined))

/**
 * Label maps of a data set lie in a folder of the same name as ours. @throws UsageError where a folder that no run has written into
 * holds what this one would write over
 */
export async function refuseForeign(into: string, { write }: OutputFlags): Promise<void> {
  if ((await stat(path.join(into, 'images.jsonl')).catch(() => undefined)) !== undefined) return
  for (const place of write.flatMap((kind) => places[kind] ?? [kind])) {
    const found = await stat(path.join(into, place)).catch(() => undefined)
    if (found === undefined || (found.isDirectory() && (await readdir(path.join(into, place))).length === 0)) continue
    throw new UsageError(`${into} holds ${place} that no run of wordmask wrote: choose another --into, or write over it with --overwrite`)
  }
}

/** Writes what was asked for and returns what images.jsonl says of the image. */
export async function writeOutputs(into: string, image: SegmentItem, answer: Segmentation, options: SegmentFlags) {
  const { writeCutouts } = await import('../write/cutouts.js')
  const { writeLabelMap } = await import('../write/label-map.js')
  const { writeOverlay } = await import('../write/overlay.js')
  const { write, instances = false, minArea } = options
  const { name } = image
  const outputs = expectedFiles(name, options)
  if (write.includes('labels')) await writeLabelMap(path.join(into, 'labels', `${name}.png`), answer)
  if (write.includes('overlay')) await writeOverlay(path.join(into, 'overlay', `${name}.png`), image.data ?? image.path, answer)
  const objects = instances && (write.includes('voc') || write.includes('cvat'))
  const wanted = objects || write.some((kind) => ofMasks.includes(kind))
  const masks = wanted ? await answer.masks({ minArea, instances }) : undefined
  const labelled = { name, segmentation: answer, ...(objects && { masks: masks! }) }
  if (write.includes('voc')) await (await import('../write/voc.js')).writeVocImage(path.join(into, 'voc'), labelled)
  if (write.includes('cvat')) {
    const { cvatColors, writeCvatImage } = await import('../write/cvat.js')
    await writeCvatImage(path.join(into, 'cvat'), labelled, cvatColors(answer.classes))
  }
  if (masks && write.includes('yolo')) {
    const { writeYoloImage } = await import('../write/yolo.js')
    await writeYoloImage(path.join(into, 'yolo'), name, { width: answer.width, height: answer.height, masks }, minArea)
  }
  if (masks && write.includes('cutouts')) {
    const files = await writeCutouts(path.join(into, 'cutouts', name), image.data ?? image.path, answer, masks)
    outputs.push(...files.map((file) => path.relative(into, file)))
  }
  const coverage = Object.fromEntries(
    answer.classes.map(({ name }, i) => [name, answer.coverage[i]!] as const).filter(([, share]) => share > 0),
  )
  const kept = write.some((kind) => ofJournal.includes(kind))
  return { width: answer.width, height: answer.height, coverage, outputs, ...(kept && masks && { masks }) }
}
