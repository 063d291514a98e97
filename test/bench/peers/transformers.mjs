// @huggingface/transformers: CLIPVisionModelWithProjection on the same ONNX file: { folder, batch, side }. Pixels lie ready, normalised.
import { basename, dirname } from 'node:path'
import { normalized, picture } from '../data.mjs'
import { serve } from '../harness/serve.mjs'
import { load, threads, versionOf } from './packages.mjs'

await serve(async ({ folder, batch, side }) => {
  const { CLIPVisionModelWithProjection, Tensor, env } = load('@huggingface/transformers')
  env.allowRemoteModels = false
  env.localModelPath = dirname(folder)
  const model = await CLIPVisionModelWithProjection.from_pretrained(basename(folder), {
    device: 'cpu',
    dtype: 'fp32',
    session_options: { intraOpNumThreads: threads, interOpNumThreads: 1 },
  })
  const pixels = normalized(Array.from({ length: batch }, (_, i) => picture(side, side, i + 1)))
  const pixel_values = new Tensor('float32', pixels, [batch, 3, side, side])
  return {
    versions: versionOf('@huggingface/transformers', 'onnxruntime-node'),
    threads,
    run: async () => {
      const { image_embeds } = await model({ pixel_values })
      return { data: image_embeds.data, shape: image_embeds.dims }
    },
  }
})
