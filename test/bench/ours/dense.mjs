// Clip.denseFeatures of one square picture seen at its own size: { weights, side }.
import { picture } from '../data.mjs'
import { serve } from '../harness/serve.mjs'
import { about, Clip } from './wordmask.mjs'

await serve(async ({ weights, side }) => {
  const clip = await Clip.load(weights, { dtype: 'float32', device: 'cpu' })
  const image = picture(side, side, 1)
  return { ...about(), run: () => clip.denseFeatures(image, { size: side }), dispose: () => clip.dispose() }
})
