// Clip.encodeImage on pictures that have the tower's size already: { weights, dtype, batch, side }.
import { picture } from '../data.mjs'
import { serve } from '../harness/serve.mjs'
import { about, Clip } from './wordmask.mjs'

await serve(async ({ weights, dtype, batch, side }) => {
  const clip = await Clip.load(weights, { dtype, device: 'cpu' })
  const images = Array.from({ length: batch }, (_, i) => picture(side, side, i + 1))
  return {
    ...about(),
    note: 'normalising the bytes included',
    run: () => clip.encodeImage(images, { normalize: false, batchSize: batch }),
    dispose: () => clip.dispose(),
  }
})
