// Clip.encodeText: { weights, prompts, batch }.
import { serve } from '../harness/serve.mjs'
import { about, Clip } from './wordmask.mjs'

await serve(async ({ weights, prompts, batch }) => {
  const clip = await Clip.load(weights, { dtype: 'float32', device: 'cpu' })
  return {
    ...about(),
    note: 'tokenising included',
    run: () => clip.encodeText(prompts, { normalize: false, batchSize: batch }),
    dispose: () => clip.dispose(),
  }
})
