// onnxruntime-node on the image tower exported to ONNX: { folder, batch, side }. Pixels lie ready, normalised.
import { join } from 'node:path'
import { normalized, picture } from '../data.mjs'
import { serve } from '../harness/serve.mjs'
import { load, threads, versionOf } from './packages.mjs'

await serve(async ({ folder, batch, side }) => {
  const ort = load('onnxruntime-node')
  const session = await ort.InferenceSession.create(join(folder, 'onnx', 'vision_model.onnx'), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
  })
  const pixels = normalized(Array.from({ length: batch }, (_, i) => picture(side, side, i + 1)))
  const feeds = { pixel_values: new ort.Tensor('float32', pixels, [batch, 3, side, side]) }
  return {
    versions: versionOf('onnxruntime-node'),
    threads,
    run: async () => {
      const { image_embeds } = await session.run(feeds)
      return { data: image_embeds.data, shape: image_embeds.dims }
    },
  }
})
