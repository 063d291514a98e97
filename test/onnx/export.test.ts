import { readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { binding } from '../../lib/binding'
import { exportModel } from '../../lib/onnx/export'
import { ModelMessage } from '../../lib/onnx/schema'
import { noise, temporaryFolder } from '../api/tiny-clip'
import { wordmask } from '../cli/cli'
import { saveNetwork } from './saved'
import { drawWeights } from './weights'

const folder = await temporaryFolder()
const weights = drawWeights('mobilenet', 5, 3)
const saved = await saveNetwork(join(folder, 'fox'), weights)
const into = (name: string) => join(folder, name)

async function run(file: string, { data, width, height }: ReturnType<typeof noise>) {
  const session = await InferenceSession.create(file)
  try {
    const { labels, score } = await session.run({ image: new Tensor('uint8', data, [1, height, width, 3]) })
    return { labels: labels!.data as Uint8Array, score: score!.data as Float32Array, dims: [labels!.dims, score!.dims] }
  } finally {
    await session.release()
  }
}

describe('exportModel to ONNX', () => {
  test('one file that says what it is: ports, names, colours, threshold, licence', async () => {
    const decided = await saveNetwork(join(folder, 'decided'), weights, {}, { thresholds: [0.25, 0.5, 0.5, 0.75] })
    await exportModel(saved, { format: 'onnx', into: into('fox.onnx') })
    const { bytes } = await exportModel(decided, { format: 'onnx', into: into('decided.onnx') })
    const file = await readFile(into('decided.onnx'))
    expect(file.length).toBe(bytes)
    const { metadataProps, opsetImport, graph } = ModelMessage.toObject(ModelMessage.decode(file), { longs: Number })
    const metadata = Object.fromEntries(metadataProps.map(({ key, value }: Record<string, string>) => [key, value]))
    expect(JSON.parse(metadata.names)).toEqual(['background', 'fox', 'grass', 'sky', 'sea'])
    expect(JSON.parse(metadata.colors).slice(0, 3)).toEqual(['#000000', '#ff8000', '#008000'])
    expect(metadata).toMatchObject({ licence: 'CC0', threshold: '0.25,0.5,0.5,0.75' })
    expect(JSON.parse(metadata.wordmask)).toMatchObject({ background: true, size: { width: 48, height: 32 } })
    expect(opsetImport).toEqual([{ version: 18 }])
    expect([graph.input, graph.output].flat().map(({ name }: { name: string }) => name)).toEqual(['image', 'labels', 'score'])
    // Every norm has gone into the convolution before it.
    expect(graph.node.filter(({ opType }: { opType: string }) => /Norm/.test(opType))).toEqual([])
  })

  test('any size of picture: labels have its size, score the size of the grid', async () => {
    for (const [w, h, gridW, gridH] of [
      [96, 64, 12, 8],
      [10, 200, 12, 240],
      [1, 1, 12, 12],
    ] as const) {
      const { dims } = await run(into('fox.onnx'), noise(w, h))
      expect(dims).toEqual([
        [1, h, w],
        [1, 5, gridH, gridW],
      ])
    }
  })

  test('--fp16: half the bytes of weights, answers within a hundredth', async () => {
    await exportModel(saved, { format: 'onnx', into: into('half.onnx'), fp16: true })
    const picture = noise(96, 64)
    const [whole, half] = [await run(into('fox.onnx'), picture), await run(into('half.onnx'), picture)]
    expect(Math.max(...whole.score.map((value, i) => Math.abs(value - half.score[i]!)))).toBeLessThan(0.05)
    const same = whole.labels.filter((label, i) => label === half.labels[i]).length / whole.labels.length
    expect(same).toBeGreaterThan(0.99)
    const raw = async (name: string) => {
      const { graph } = ModelMessage.toObject(ModelMessage.decode(await readFile(into(name))), { longs: Number })
      return graph.initializer.reduce((sum: number, { rawData }: { rawData: Uint8Array }) => sum + rawData.length, 0) as number
    }
    expect((await raw('half.onnx')) / (await raw('fox.onnx'))).toBeLessThan(0.52)
  })
})

describe('exportModel to safetensors', () => {
  test('the same tensors, or with fp16 half-precision ones and float32 norms', async () => {
    await exportModel(saved, { format: 'safetensors', into: into('copy.safetensors') })
    await exportModel(saved, { format: 'safetensors', into: into('half.safetensors'), fp16: true })
    const copy = await binding().readCheckpoint([into('copy.safetensors')], {})
    expect(copy.tensors.map(({ key }) => key).sort()).toEqual([...weights.keys()].sort())
    const key = 'classifier.classifier.3.weight'
    expect(await binding().readTensor([into('copy.safetensors')], key, {})).toEqual(weights.get(key))
    const half = new Map((await binding().readCheckpoint([into('half.safetensors')], {})).tensors.map((entry) => [entry.key, entry.dtype]))
    expect(half.get(key)).toBe('float16')
    expect(half.get('backbone.features.0.1.weight')).toBe('float32')
  })
})

test('wordmask model export: one line a file, with --page a page, mistakes by name', async () => {
  const done = await wordmask(['model', 'export', saved, '--into', into('cli.onnx'), '--page', into('predict.html'), '--json'])
  expect(done.code, done.stderr).toBe(0)
  expect(JSON.parse(done.stdout)).toMatchObject({ event: 'exported', format: 'onnx', file: into('cli.onnx'), page: into('predict.html') })
  expect(await readFile(into('predict.html'), 'utf8')).toMatch(/<title>fox, grass, sky, sea<\/title>/)
  const none = await wordmask(['model', 'export', folder, '--into', into('x.onnx')])
  expect([none.code, none.stderr]).toEqual([1, expect.stringMatching(/No segmenter in/)])
  expect((await wordmask(['model', 'export', saved])).code).toBe(2)
})

describe('BAD CALL', () => {
  test('folders that are none, other methods, other weights, too few names', async () => {
    const call = (from: string) => exportModel(from, { format: 'onnx', into: into('never.onnx') })
    await expect(call(join(folder, 'nowhere'))).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /wordmask\.json/)
    const clip = await saveNetwork(join(folder, 'clip'), weights, { method: 'maskclip' })
    await expect(call(clip)).rejects.toHaveCode('ERR_WORDMASK_CHECKPOINT', /maskclip.*deeplabv3plus/)
    const changed = await saveNetwork(join(folder, 'changed'), weights, { sha256: 'no' })
    await expect(call(changed)).rejects.toHaveCode('ERR_WORDMASK_CHECKPOINT', /other weights/)
    const few = await saveNetwork(join(folder, 'few'), weights, { classes: [{ name: 'fox' }] })
    await expect(call(few)).rejects.toHaveCode('ERR_WORDMASK_CHECKPOINT', /2 channels.*has 5/)
    await writeFile(join(folder, 'few/wordmask.json'), '{}')
    await expect(call(few)).rejects.toHaveCode('ERR_WORDMASK_CHECKPOINT', /not a saved DeepLabv3\+/)
    const bare = await saveNetwork(join(folder, 'bare'), new Map([...weights].filter(([key]) => !key.includes('aspp.convs.2'))))
    await expect(call(bare)).rejects.toHaveCode('ERR_WORDMASK_CHECKPOINT', /aspp\.convs\.2/)
    await expect(exportModel(saved, { format: 'safetensors', into: into('x'), page: 'p' })).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /page/,
    )
    expect(await readdir(folder)).not.toContain('never.onnx')
  })

  test('a file of the segmenter itself is not written over, nor the model by its page', async () => {
    const weightsBefore = await readFile(join(saved, 'model.safetensors'))
    await symlink(saved, into('linked'))
    for (const file of [join(saved, 'model.safetensors'), join(saved, 'wordmask.json'), join(into('linked'), 'model.safetensors')]) {
      const own = exportModel(saved, { format: 'safetensors', into: file })
      await expect(own).rejects.toHaveCode(
        'ERR_WORDMASK_INVALID_ARGUMENT',
        /another file than those of the segmenter itself for exportModel: into/,
      )
    }
    expect((await readFile(join(saved, 'model.safetensors'))).equals(weightsBefore)).toBe(true)
    const onPage = exportModel(saved, { format: 'onnx', into: into('never.onnx'), page: into('./never.onnx') })
    await expect(onPage).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /another file than that of the model for exportModel: page/)
    expect(await readdir(folder)).not.toContain('never.onnx')
  })
})
