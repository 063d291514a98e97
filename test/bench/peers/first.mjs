// The first vector of a process with onnxruntime-node: { folder, side }. Runs under harness/fresh.mjs.
import { join } from 'node:path'
import { normalized, picture } from '../data.mjs'
import { load, threads, versionOf } from './packages.mjs'

const { folder, side } = JSON.parse(process.argv[2])
const ort = load('onnxruntime-node')
const session = await ort.InferenceSession.create(join(folder, 'onnx', 'vision_model.onnx'), {
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
})
const pixels = normalized([picture(side, side, 1)])
const { image_embeds } = await session.run({ pixel_values: new ort.Tensor('float32', pixels, [1, 3, side, side]) })
const versions = { node: process.version, ...versionOf('onnxruntime-node') }
process.stdout.write(`${JSON.stringify({ versions, threads, data: [...image_embeds.data], shape: image_embeds.dims })}\n`)
