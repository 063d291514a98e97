// Segmenter.segment of one square picture seen at its own size: { weights, side, names, template }. Result: the labels.
import { picture } from '../data.mjs'
import { serve } from '../harness/serve.mjs'
import { about, Clip, Segmenter } from './wordmask.mjs'

await serve(async ({ weights, side, names, template }) => {
  const clip = await Clip.load(weights, { dtype: 'float32', device: 'cpu', dense: 'residual' })
  const segmenter = await Segmenter.create({ clip, classes: names, templates: [template], size: side })
  const image = picture(side, side, 1)
  return {
    ...about(),
    run: async () => {
      const { labels } = await segmenter.segment(image)
      return { data: labels, shape: [side, side] }
    },
    dispose: () => clip.dispose(),
  }
})
