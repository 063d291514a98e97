// The most memory a Segmenter takes above the loaded model, from its making to the end of one call, in MiB: { weights, side, classes }.
// A sample resets the kernel's high-water mark of this process first.
import { readFileSync, writeFileSync } from 'node:fs'
import { picture } from '../data.mjs'
import { serve } from '../harness/serve.mjs'
import { about, Clip, Segmenter } from './wordmask.mjs'

const kilobytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))[1])

await serve(async ({ weights, side, classes }) => {
  const clip = await Clip.load(weights, { dtype: 'float32', device: 'cpu' })
  const names = Array.from({ length: classes }, (_, i) => `thing number ${i}`)
  const image = picture(side, side, 1)
  const loaded = kilobytes('VmRSS')
  let result
  return {
    ...about(),
    note: `${(loaded / 1024).toFixed(0)} MiB with the model loaded`,
    run: async () => result ?? { data: [], shape: [0] },
    measure: async () => {
      writeFileSync('/proc/self/clear_refs', '5')
      const segmenter = await Segmenter.create({ clip, classes: names, templates: 'none' })
      const { labels } = await segmenter.segment(image)
      result = { data: labels, shape: [side, side] }
      segmenter.dispose()
      return (kilobytes('VmHWM') - loaded) / 1024
    },
    dispose: () => clip.dispose(),
  }
})
