import { binding, picture, random, resize } from './models.mjs'

const segment = (side, names) => ({
  name: `segment ${side}x${side}, ${names} names, ViT-B/16 float32`,
  unit: 'ms',
  prepare: async () => {
    const clip = await random('ViT-B/16', 'float32')
    const data = Float32Array.from({ length: names * 512 }, (_, i) => Math.sin(i * 1.7))
    for (let row = 0; row < names; row++) {
      const part = data.subarray(row * 512, (row + 1) * 512)
      const norm = Math.hypot(...part)
      for (let i = 0; i < 512; i++) part[i] /= norm
    }
    const prepared = { clip, image: picture(side, side), text: { data, shape: [names, 512] }, before: process.memoryUsage.rss(), peak: 0 }
    return prepared
  },
  run: async (prepared) => {
    const options = { ...resize, width: 448, height: 448, temperature: 100, background: { kind: 'none' }, classes: names }
    await binding().segment(prepared.clip, prepared.image, prepared.text, options, {})
    prepared.peak = Math.max(prepared.peak, process.memoryUsage.rss())
  },
  note: ({ before, peak }) => `${Math.round((peak - before) / 2 ** 20)} MiB above the model`,
})

export default [segment(512, 40), segment(1024, 1000)]
