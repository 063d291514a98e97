import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { buildNetwork } from '../../lib/onnx/build'
import { GraphBuilder } from '../../lib/onnx/graph'
import { normalised, type View } from '../../lib/onnx/picture'
import { StateDict } from '../../lib/onnx/state'
import { noise, temporaryFolder } from '../api/tiny-clip'
import { random, testing } from '../helpers/testing'
import { argmax, bilinear, type Grid, Reference } from './reference'
import { drawWeights, saveWeights } from './weights'

const folder = await temporaryFolder()
const view: View = { size: 32, filter: 'bilinear', mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }
type Picture = ReturnType<typeof noise>

async function run(model: Uint8Array, { data, width, height }: Picture) {
  const session = await InferenceSession.create(model)
  try {
    return await session.run({ image: new Tensor('uint8', data, [1, height, width, 3]) })
  } finally {
    await session.release()
  }
}

/** What the network sees, by our own kernel. */
function seen(picture: Picture, { width, height }: { width: number; height: number }, given: View): Grid {
  const frame = { width, height, left: 0, top: 0 }
  const options = { width, height, filter: given.filter, mean: [...given.mean], std: [...given.std] }
  return { data: Float64Array.from(testing().resizeNormalize([picture], [frame], options, false)), c: 3, h: height, w: width }
}

const largest = (values: ArrayLike<number>) => Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0)

describe('the picture inside the graph: the bytes of our own kernel', () => {
  test.each([
    ['bilinear', 97, 61, 32, 51, 32],
    ['bilinear', 640, 480, 32, 43, 32],
    ['bilinear', 20, 31, 32, 32, 50],
    ['bicubic', 97, 61, 32, 51, 32],
    ['bicubic', 31, 20, 48, 74, 48],
    ['bilinear', 97, 61, { cover: { width: 40, height: 40 } }, 64, 40],
    ['bilinear', 97, 61, { cover: { width: 64, height: 10 } }, 64, 40],
    ['bicubic', 97, 61, { width: 30, height: 70 }, 30, 70],
    ['bilinear', 4000, 3, { cover: { width: 7, height: 1 } }, 1333, 1],
    ['bilinear', 1, 50, { width: 3, height: 20 }, 3, 20],
    ['bicubic', 300, 1, { width: 20, height: 1 }, 20, 1],
    ['bicubic', 1, 1, { width: 5, height: 7 }, 5, 7],
    ['bicubic', 64, 48, 48, 64, 48],
  ] as const)('%s %i x %i, size %o: %i x %i', async (filter, w, h, size, width, height) => {
    const { off, dims } = await bytesOff(noise(w, h), { ...view, size, filter }, { width, height })
    expect(dims).toEqual([1, 3, height, width])
    expect(off.filter((value) => value !== 0)).toEqual([])
  })

  test.each(['bilinear', 'bicubic'] as const)('%s, 40 drawn pairs of sizes, black and white among the pixels', async (filter) => {
    const next = random(filter.length)
    const side = (most: number) => 1 + Math.floor(((next() + 1) / 2) * most)
    for (let i = 0; i < 40; i++) {
      const picture = noise(side(150), side(150), i)
      for (let at = 0; at < picture.data.length; at += 3) picture.data[at] = at % 2 === 0 ? 0 : 255
      const size = { width: side(200), height: side(200) }
      const { off } = await bytesOff(picture, { ...view, size, filter }, size)
      expect([picture.width, picture.height, size, off.filter((value) => value !== 0)]).toEqual([picture.width, picture.height, size, []])
    }
  })
})

/** By how much the bytes inside the graph differ from those of our own kernel. */
async function bytesOff(picture: Picture, given: View, size: { width: number; height: number }) {
  const plain = { ...given, mean: [0, 0, 0], std: [1, 1, 1] }
  const graph = new GraphBuilder()
  const pixels = normalised(graph, 'image', plain)
  const input = { name: 'image', type: 'uint8' as const, shape: [1, 'H', 'W', 3] }
  const model = Buffer.concat(graph.finish([input], [{ name: pixels, type: 'float32', shape: [1, 3, 'h', 'w'] }], {}))
  const { dims, data } = (await run(model, picture))[pixels]!
  const ours = seen(picture, size, plain).data
  return { dims, off: Array.from(data as Float32Array, (value, i) => Math.round(255 * (value - ours[i]!))) }
}

describe.each(['mobilenet', 'resnet'] as const)('%s', (backbone) => {
  test.each([8, 16] as const)('output stride %i: score within 1e-4 of a plain float64 network, labels equal', async (outputStride) => {
    const weights = drawWeights(backbone, 5, backbone === 'resnet' ? 8 : 3)
    const state = await StateDict.open([await saveWeights(folder, `${backbone}-${outputStride}`, weights)], {})
    const model = Buffer.concat(await buildNetwork(state, { outputStride, view, half: false, metadata: {} }))
    const reference = new Reference(weights, outputStride)
    for (const [width, height] of [
      [41, 32],
      [32, 50],
    ] as const) {
      const picture = noise(width, height, 2)
      const expected = reference.forward(seen(picture, { width, height }, view))
      const { score, labels } = await run(model, picture)
      expect(score!.dims).toEqual([1, 5, Math.ceil(height / 4), Math.ceil(width / 4)])
      expect(labels!.dims).toEqual([1, height, width])
      const error = largest((score!.data as Float32Array).map((value, i) => value - expected.data[i]!))
      expect(error).toBeLessThan(1e-4)
      const wanted = argmax(bilinear(expected, height, width))
      expect(new Set(wanted).size).toBeGreaterThan(1)
      const same = Array.from(labels!.data as Uint8Array).filter((label, i) => label === wanted[i]).length
      expect(same / wanted.length).toBeGreaterThan(0.999)
    }
  })
})
