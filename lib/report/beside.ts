import { rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Archive } from '../archive/archive'
import { binding } from '../binding'
import type { Clip } from '../clip/clip'
import { FolderEvaluation, presentValues } from '../eval/folder'
import { scenePackFiles } from '../eval/scene-pack'
import { readLabelMap } from '../image/labels'
import { encodePng } from '../image/png'
import { throwIfAborted } from '../options'
import type { ReferenceAbout } from '../reco/reference'
import { Segmenter } from '../segmenter/segmenter'
import { makeFolder } from '../setup/make-folder'
import type { ClassEntry } from '../text/classes'
import { writeOverlay } from '../write/overlay'
import type { Sample } from './gallery'
import type { ReportItem } from './page'
import { colourLabels, dataUri, overlayUri, seedUri } from './picture'

export interface BesideInput {
  clip: Clip
  /** Those with a label map are shown. */
  samples: readonly Sample[]
  classes: readonly ClassEntry[]
  /** Gets pool/ (pictures), pool.archive, overlay/ and segmenter/, which Segmenter.load reads. */
  into: string
  /** Pictures of the pool. Default 480. */
  scenes?: number
  /** Reference images of a name. Default 10. */
  k?: number
  signal: AbortSignal
}

export interface Beside {
  /** What the references of one name were made from, then each sample. */
  items: ReportItem[]
  /** mIoU over all samples, asked for every name that one of them shows. */
  miou: { denseClip: number; reco: number }
  names: number
}

/** A seed that no sample, no figure and no training has. */
const poolSeed = 2027
const side = 96
const atOnce = 48
const ignore = 255
const seedsShown = 5

/** Dense CLIP and ReCo, asked for the same names; ReCo's references come out of a pool of rendered scenes that nobody labelled. */
export async function besideItems({ clip, samples, classes, into, scenes = 480, k = 10, signal }: BesideInput): Promise<Beside> {
  const shown = samples.filter(({ labels }) => labels !== undefined)
  const truths = await Promise.all(shown.map(({ labels }) => readLabelMap(labels as string)))
  const values = [...new Set(truths.flatMap(({ labels }) => presentValues(labels, ignore)))].sort((a, b) => a - b)
  const asked = values.map((value) => classes[value] as ClassEntry)
  const { archive, backgrounds } = await makePool(into, clip, scenes, signal)
  try {
    const names = asked.map(({ name }) => name)
    const contexts = names.filter((name) => backgrounds.has(name))
    const folder = path.join(into, 'segmenter')
    await rm(folder, { recursive: true, force: true })
    const reco = await Segmenter.create({ method: 'reco', archive, classes: asked, contexts, k, signal })
    await reco.save(folder)
    const methods = [
      { key: 'denseClip', title: 'dense CLIP', segmenter: await Segmenter.create({ clip, classes: asked }) },
      { key: 'reco', title: 'ReCo', segmenter: reco },
    ] as const
    const all = classes.map(({ name }) => name)
    const sums = methods.map(() => new FolderEvaluation(all, binding().confusion, ignore))
    const items: ReportItem[] = []
    for (const [at, sample] of shown.entries()) {
      const truth = truths[at] as (typeof truths)[number]
      const panels = [{ caption: 'image', src: await dataUri(sample.image) }]
      const facts: string[] = []
      for (const [i, { key, title, segmenter }] of methods.entries()) {
        const answer = await segmenter.segment(sample.image, { signal })
        const overlay = path.join(into, 'overlay', `${sample.name}-${key}.png`)
        await writeOverlay(overlay, sample.image, answer)
        const measured = (sums[i] as FolderEvaluation).measure(sample.image, truth, answer, values)
        ;(sums[i] as FolderEvaluation).add(measured.sums)
        panels.push({ caption: title, src: await overlayUri({ overlay, ...answer }) })
        facts.push(`${title} mIoU ${measured.miou.toFixed(2)}`)
      }
      const colors = classes.map(({ color }) => color)
      panels.push({ caption: 'truth', src: await dataUri({ ...truth, data: colourLabels(truth.labels, colors) }, true) })
      items.push({ title: `Dense CLIP and ReCo: ${sample.title ?? sample.name}`, panels, legend: [], facts })
    }
    const [denseClip, best] = sums.map(({ sums: own }) => own.mean()) as [number, number]
    const references = reco.references.find(({ name }) => name === names.find((one) => !backgrounds.has(one)))
    if (references) items.unshift(await madeOf(references, scenes))
    for (const { segmenter } of methods) await segmenter[Symbol.asyncDispose]()
    return { items, miou: { denseClip, reco: best }, names: names.length }
  } finally {
    await archive.close()
  }
}

/** Scenes that no sample and no training shows, in an archive. */
async function makePool(into: string, clip: Clip, count: number, signal: AbortSignal) {
  const pack = await binding().ScenePack.open(scenePackFiles('unseen'), {})
  const [folder, uri] = [path.join(into, 'pool'), path.join(into, 'pool.archive')]
  for (const old of [folder, uri]) await rm(old, { recursive: true, force: true })
  await makeFolder(folder)
  for (let first = 0; first < count; first += atOnce) {
    throwIfAborted(signal)
    const indices = Array.from({ length: Math.min(atOnce, count - first) }, (_, i) => first + i)
    const write = async (index: number) => {
      const { pixels } = await pack.render(index, { size: side, split: 'unseen', seed: poolSeed }, {})
      await writeFile(path.join(folder, `${String(index).padStart(6, '0')}.png`), await encodePng({ ...pixels, depth: 8, channels: 3 }))
    }
    await Promise.all(indices.map(write))
  }
  const archive = await Archive.open(uri, { clip })
  await archive.add(folder, { signal })
  return { archive, backgrounds: new Set(pack.names.slice(pack.concepts)) }
}

/** The first images of a name, with the place in each that they have in common. */
async function madeOf({ name, grid, images }: ReferenceAbout, pool: number): Promise<ReportItem> {
  const panels = await Promise.all(
    images.slice(0, seedsShown).map(async ({ uri, seed, score }) => ({ caption: score.toFixed(3), src: await seedUri(uri, seed, grid) })),
  )
  const facts = [`${images.length} of ${pool} unlabelled scenes, found by the name`, 'the ring is the place that they have in common']
  return { title: `ReCo: what its reference of "${name}" is made from`, panels, legend: [], facts }
}
