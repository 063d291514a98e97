import type { Float32Tensor } from '../../binding'
import { binding } from '../../lib/binding'
import { random, testing } from '../helpers/testing'

/**
 * The made-up world of methods/reco.md 8: scenes of 8 x 8 cells, one of 3 contexts with blocks of 6 objects on it, seen by an encoder
 * (48 numbers a cell) and, half as fine, by a dense CLIP (32 numbers). Every thing has a direction of its own in both spaces.
 */
export const objects = 6
const contextCount = 3
export const things = objects + contextCount
const [side, encoderDim, clipDim, block] = [8, 48, 32, 3]
const sceneCount = 20
const testScenes = 100

export interface Noise {
  object: number
  context: number
  clip: number
}

interface Scene {
  truth: Uint8Array
  features: Float32Tensor
  clip: Float32Tensor
}

/** What is switched on. */
export interface Parts {
  reference: boolean
  text: boolean
  guidance: boolean
  elimination: boolean
  window?: 'official' | 'perImage'
}

/** Index of a thing -> a unit vector. */
const direction = (thing: number, dim: number) => Float32Array.from({ length: dim }, (_, i) => Number(i === thing))

export class World {
  private readonly uniform: () => number
  private readonly archives: Scene[][]
  private readonly scenes: Scene[]

  constructor(
    seed: number,
    private readonly noise: Noise,
  ) {
    const next = random(seed)
    this.uniform = () => (next() + 1) / 2
    // An object is always seen in one context: perfect co-occurrence.
    this.archives = Array.from({ length: things }, (_, thing) =>
      Array.from({ length: sceneCount }, () =>
        thing < objects ? this.scene(thing % contextCount, [thing]) : this.scene(thing - objects, [this.integer(objects)]),
      ),
    )
    this.scenes = Array.from({ length: testScenes }, () => this.testScene())
  }

  /** Mean IoU over all things on the test scenes. */
  async miou(parts: Parts): Promise<number> {
    return meanIou(this.scenes, await this.label(this.scenes, parts))
  }

  /** The same of a small net that has learnt from ReCo's labels of 200 other scenes, and of those labels on the test scenes. */
  async taught(parts: Parts, seed: number, steps: number): Promise<{ teacher: number; net: number }> {
    const lessons = Array.from({ length: 2 * testScenes }, () => this.testScene())
    const labels = await this.label(lessons, parts)
    const said = testing().recoNet(
      batch(lessons),
      { data: Float32Array.from(labels.flatMap((map) => [...map])), shape: [lessons.length, side, side] },
      batch(this.scenes),
      { classes: things, seed, steps },
    )
    const cells = side * side
    const net = this.scenes.map((_, i) => Uint8Array.from(said.subarray(i * cells, (i + 1) * cells)))
    return { teacher: await this.miou(parts), net: meanIou(this.scenes, net) }
  }

  private async label(scenes: readonly Scene[], parts: Parts): Promise<Uint8Array[]> {
    const references = parts.reference ? await this.references(parts) : undefined
    const text = rows(Array.from({ length: things }, (_, thing) => direction(thing, clipDim)))
    const options = { width: side, height: side, classes: things, background: { kind: 'none' } as const }
    const maps: Uint8Array[] = []
    for (const { features, clip } of scenes) {
      const grids: Float32Tensor[] = []
      if (references) grids.push(await binding().scoreFeatures(features, references, { sigmoid: 1 }, {}))
      if (parts.text) grids.push(await binding().scoreFeatures(clip, text, { sigmoid: 10 }, {}))
      maps.push((await binding().labelGrids(grids, options, {})).labels as Uint8Array)
    }
    return maps
  }

  private testScene(): Scene {
    const first = this.integer(objects)
    const second = (first + 1 + this.integer(objects - 1)) % objects
    return this.scene(this.integer(contextCount), [first, second])
  }

  /** Of all things; contexts first, each turned away from those before it. */
  private async references({ guidance, elimination, window = 'official' }: Parts): Promise<Float32Tensor> {
    const found: Float32Array[] = []
    const make = async (thing: number, contexts: Float32Array[]) => {
      const scenes = this.archives[thing]!
      const given = {
        features: scenes.map(({ features }) => features),
        ...(guidance && { clip: scenes.map(({ clip }) => clip), text: { data: direction(thing, clipDim), shape: [clipDim] } }),
        ...(elimination && contexts.length > 0 && { contexts: rows(contexts) }),
      }
      found[thing] = (await binding().recoReference(given, { window }, {})).embedding.data
    }
    for (let context = objects; context < things; context++) await make(context, found.slice(objects, context))
    const contexts = found.slice(objects)
    for (let object = 0; object < objects; object++) await make(object, contexts)
    return rows(found)
  }

  private scene(context: number, shown: number[]): Scene {
    const truth = new Uint8Array(side * side).fill(objects + context)
    for (const object of shown) {
      const [top, left] = [this.integer(side - block + 1), this.integer(side - block + 1)]
      for (let y = top; y < top + block; y++) truth.fill(object, y * side + left, y * side + left + block)
    }
    const features = new Float32Array(side * side * encoderDim)
    truth.forEach((thing, cell) => {
      const spread = thing < objects ? this.noise.object : this.noise.context
      for (let i = 0; i < encoderDim; i++)
        features[cell * encoderDim + i] = Number(i === thing) + ((2 * spread) / Math.sqrt(encoderDim)) * this.normal()
    })
    return { truth, features: { data: features, shape: [side, side, encoderDim] }, clip: this.clipView(truth) }
  }

  private clipView(truth: Uint8Array): Float32Tensor {
    const half = side / 2
    const data = new Float32Array(half * half * clipDim)
    for (let cell = 0; cell < half * half; cell++) {
      const [y, x] = [2 * Math.floor(cell / half), 2 * (cell % half)]
      for (const at of [y * side + x, y * side + x + 1, (y + 1) * side + x, (y + 1) * side + x + 1])
        data[cell * clipDim + truth[at]!]! += 1 / 4
      for (let i = 0; i < clipDim; i++) data[cell * clipDim + i]! += ((2 * this.noise.clip) / Math.sqrt(clipDim)) * this.normal()
    }
    return { data, shape: [half, half, clipDim] }
  }

  private integer(n: number): number {
    return Math.min(n - 1, Math.floor(this.uniform() * n))
  }

  private normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform())
  }
}

function rows(list: Float32Array[]): Float32Tensor {
  const data = new Float32Array(list.length * list[0]!.length)
  for (const [i, row] of list.entries()) data.set(row, i * row.length)
  return { data, shape: [list.length, list[0]!.length] }
}

const batch = (scenes: readonly Scene[]): Float32Tensor => ({
  ...rows(scenes.map(({ features }) => features.data)),
  shape: [scenes.length, side, side, encoderDim],
})

function meanIou(scenes: readonly Scene[], maps: readonly Uint8Array[]): number {
  const matrix = new Float64Array(things * things)
  for (const [i, { truth }] of scenes.entries())
    binding()
      .confusion(truth, maps[i]!, things, 255)
      .forEach((count, at) => {
        matrix[at]! += count
      })
  let sum = 0
  for (let t = 0; t < things; t++) {
    let union = -matrix[t * things + t]!
    for (let p = 0; p < things; p++) union += matrix[t * things + p]! + matrix[p * things + t]!
    sum += matrix[t * things + t]! / union / things
  }
  return sum
}
