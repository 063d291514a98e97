// How long the event loop is silent while work runs: p99 of its delay in milliseconds (goal 50).
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { binding, picture, random, resize } from './models.mjs'

async function p99(work) {
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const began = performance.now()
  do await work()
  while (performance.now() - began < 1500)
  delay.disable()
  return delay.percentile(99) / 1e6
}
const measured = (name, prepare, work) => ({
  name: `event loop p99 during ${name}`,
  unit: 'ms',
  prepare,
  measure: (p) => p99(() => work(p)),
})
const prepare = async () => ({ clip: await random('ViT-B/16', 'float32'), images: [picture(640, 480), picture(480, 640)] })

export default [
  measured(
    'load',
    async () => binding() && {},
    async () => (await random('ViT-B/32', 'float32')).dispose(),
  ),
  measured('encode', prepare, ({ clip, images }) => clip.encodeImage(images, { ...resize, normalize: true, batchSize: 2 }, {})),
  measured('dense features', prepare, ({ clip, images }) => clip.denseFeatures(images[0], { ...resize, width: 448, height: 336 }, {})),
]
