// How long the event loop is silent while work runs: the 99th percentile of its delay in seconds: { weights, work }.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { picture } from '../data.mjs'
import { serve } from '../harness/serve.mjs'
import { about, Clip, Segmenter, trainClip } from './wordmask.mjs'

async function p99(work) {
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const until = performance.now() + 1500
  do await work()
  while (performance.now() < until)
  delay.disable()
  return delay.percentile(99) / 1e9
}

const load = (weights) => Clip.load(weights, { dtype: 'float32', device: 'cpu' })
const works = {
  load: (weights) => async () => (await load(weights)).dispose(),
  encode: async (weights) => {
    const clip = await load(weights)
    return () => clip.encodeImage([picture(640, 480, 1), picture(480, 640, 2)])
  },
  segment: async (weights) => {
    const segmenter = await Segmenter.create({ clip: await load(weights), classes: ['fox', 'grass'], templates: 'none' })
    const image = picture(640, 480, 1)
    return () => segmenter.segment(image)
  },
  // A whole run: scenes are drawn and learned from, a checkpoint, the model and the curves are written.
  train: async () => async () => {
    const into = await mkdtemp(join(tmpdir(), 'wordmask-bench-'))
    try {
      await trainClip({ into, stages: [{ steps: 8, batchSize: 64, size: 48 }], warmupSteps: 2, checkpointEvery: 4, logEvery: 1 })
    } finally {
      await rm(into, { recursive: true, force: true })
    }
  },
}

await serve(async ({ weights, work }) => {
  const call = await works[work](weights)
  return { ...about(), run: async () => ({ data: [], shape: [0] }), measure: () => p99(call) }
})
