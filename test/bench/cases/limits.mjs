// What is measured against a number and not against a peer.
import { weightsFile } from './models.mjs'

const weights = weightsFile('ViT-B/16')
const silence = (work, model = 'ViT-B/16') => ({
  id: `event-loop-${work}`,
  title: `event loop during ${work}: 99th percentile of its delay, ${model}`,
  models: ['ViT-B/16'],
  unit: 'ms',
  limit: 50,
  ours: { node: 'ours/event-loop.mjs', args: { weights, work } },
  plan: { rounds: 4, seconds: 0, warm: 0 },
  // A percentile of a few hundred delays is not a time: its spread says nothing about the machine.
  anySpread: true,
})

export const limits = [
  silence('load'),
  silence('encode'),
  silence('segment'),
  silence('train', 'the architecture of scenes'),
  {
    id: 'memory-1000-names',
    title: '1,000 names at 1024x1024, ViT-B/16: peak above the loaded model, making the text vectors included',
    models: ['ViT-B/16'],
    unit: 'MiB',
    limit: 1e9 / 2 ** 20,
    ours: { node: 'ours/peak-memory.mjs', args: { weights, side: 1024, classes: 1000 } },
    plan: { rounds: 1, seconds: 0, warm: 0 },
  },
]
