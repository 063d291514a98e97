import type { ScenePack } from '../../binding'
import type { Clip, Segmenter } from '../index'
import { parseClasses } from '../text/classes'
import { countPixels, IouSums } from './miou'
import { recallAt, type ScenesProtocol } from './protocol'
import { mean, products, type Retrieval, retrieval } from './retrieval'

/** IoU over a whole data set, and what a uniform guess would get. */
export interface MiouFigures {
  all: number
  objects: number
  backgrounds: number
  chance: { all: number; objects: number; backgrounds: number }
}

export interface ScenesFigures {
  noun: Retrieval
  caption: Retrieval
  zeroShot: { accuracy: number; chance: number; scenes: number }
  /** Every pixel takes one of all names. */
  miouAll: MiouFigures
  /** Each scene is asked for the names it shows only. */
  miouPresent: MiouFigures
  perClass: {
    name: string
    kind: 'object' | 'background'
    scenes: number
    iouAll: number | undefined
    iouPresent: number | undefined
    rank: number
  }[]
}

export interface ScenesInput {
  clip: Clip
  /** Prompted with all names of the pack, in order. */
  segmenter: Segmenter
  pack: ScenePack
  /** As binding.d.ts's functions; given so that this file loads without the addon. */
  confusion: (truth: Uint8Array, prediction: Uint8Array, n: number, ignore: number) => Float64Array
  protocol: ScenesProtocol
  batchSize: number
  signal?: AbortSignal
  onProgress?: (done: number, total: number) => void
}

/** No pixel of a scene is unlabelled, so no value is ignored; 255 is free because a pack has fewer names. */
const ignore = 255

/** Runs the protocol of protocol.ts; holds one batch of scenes and one vector a scene at a time. */
export async function evaluateScenes(input: ScenesInput): Promise<ScenesFigures> {
  const { clip, pack, protocol, signal } = input
  const { names, concepts } = pack
  const { count, size, split, seed, templates } = protocol
  const sums = { all: new IouSums(names.length), present: new IouSums(names.length) }
  const chance = { all: new IouSums(names.length), present: new IouSums(names.length) }
  const everyName = names.map((_, i) => i)
  const shown: Set<number>[] = []
  const captions: string[] = []
  const vectors: Float32Array[] = []

  for (let first = 0; first < count; first += input.batchSize) {
    signal?.throwIfAborted()
    const indices = Array.from({ length: Math.min(input.batchSize, count - first) }, (_, i) => first + i)
    const scenes = await Promise.all(indices.map((index) => pack.render(index, { size, split, seed }, {})))
    const images = scenes.map(({ pixels }) => ({ ...pixels, channels: 3 as const }))
    vectors.push((await clip.encodeImage(images, { batchSize: input.batchSize, normalize: true, signal })).data)
    await Promise.all(
      scenes.map(async (scene, i) => {
        const present = [...scene.present].sort((a, b) => a - b)
        const all = await input.segmenter.segment(images[i]!, { size, signal })
        const some = await input.segmenter.segment(images[i]!, { size, signal, classes: present.map((name) => names[name]!) })
        const truth = countPixels(scene.labels, names.length, ignore)
        sums.all.add(input.confusion(scene.labels, Uint8Array.from(all.labels), names.length, ignore))
        sums.present.add(
          input.confusion(
            scene.labels,
            Uint8Array.from(some.labels, (label) => present[label]!),
            names.length,
            ignore,
          ),
        )
        chance.all.addUniformGuess(truth, everyName)
        chance.present.addUniformGuess(truth, present)
      }),
    )
    for (const scene of scenes) {
      shown.push(new Set(scene.present))
      captions.push(scene.caption)
    }
    input.onProgress?.(shown.length, count)
  }

  const d = clip.info.embedDim
  const images = concatenate(vectors)
  const nounScores = products((await clip.classVectors(parseClasses(names), templates, { signal })).data, images, d)
  const captionScores = products((await clip.encodeText(captions, { templates: 'none', normalize: true, signal })).data, images, d)
  const noun = retrieval(nounScores, names.length, count, (name, scene) => shown[scene]!.has(name), recallAt)
  const miou = (kind: 'all' | 'present'): MiouFigures => ({ ...parts(sums[kind], concepts), chance: parts(chance[kind], concepts) })
  return {
    noun,
    caption: retrieval(captionScores, count, count, (caption, scene) => caption === scene, recallAt),
    zeroShot: zeroShot(nounScores, concepts, shown),
    miouAll: miou('all'),
    miouPresent: miou('present'),
    perClass: names.map((name, i) => ({
      name,
      kind: i < concepts ? 'object' : 'background',
      scenes: shown.filter((set) => set.has(i)).length,
      iouAll: sums.all.iou(i),
      iouPresent: sums.present.iou(i),
      rank: noun.ranks[i]!,
    })),
  }
}

/** @param scores [names, scenes], the concepts first. */
export function zeroShot(scores: Float32Array, concepts: number, shown: Set<number>[]): ScenesFigures['zeroShot'] {
  const right: number[] = []
  const chance: number[] = []
  shown.forEach((set, scene) => {
    const objects = [...set].filter((name) => name < concepts).length
    if (objects === 0) return
    let best = 0
    for (let name = 1; name < concepts; name++) if (scores[name * shown.length + scene]! > scores[best * shown.length + scene]!) best = name
    right.push(set.has(best) ? 1 : 0)
    chance.push(objects / concepts)
  })
  return { accuracy: mean(right), chance: mean(chance), scenes: right.length }
}

const parts = (sums: IouSums, concepts: number) => ({ all: sums.mean(), objects: sums.mean(0, concepts), backgrounds: sums.mean(concepts) })

function concatenate(rows: Float32Array[]): Float32Array {
  const all = new Float32Array(rows.reduce((n, row) => n + row.length, 0))
  let at = 0
  for (const row of rows) {
    all.set(row, at)
    at += row.length
  }
  return all
}
