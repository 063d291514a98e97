// node peer.mjs --model FILE [--count 300] [--turns 3] [--bfloat16 0] [--batch 32]: Archive.add of a folder of JPEGs against a plain PyTorch
// loop with the same weights (peers/dataloader.py). Two live processes take turns of `count` images, A B A ... A; vectors are compared first.
import { measurePair } from '../harness/measure.mjs'
import { start } from '../harness/programs.mjs'
import { numbers, tell } from './common.mjs'
import { jpegs } from './jpegs.mjs'

const { count, turns, bfloat16, batch, seed, threads, model } = numbers({
  ...{ count: 300, turns: 3, bfloat16: 0, batch: 32, seed: 3, threads: 2 },
})
const dtype = bfloat16 ? 'bfloat16' : 'float32'
/** Least cosine over all vectors: JPEG and bicubic of two libraries, weights of two precisions. */
const least = bfloat16 ? 0.99 : 0.999

const { folder } = await jpegs({ count, seed })
const args = { weights: model, dtype, folder, batch }
const { ours, peer, ratio, agreement, noise } = await measurePair(
  () => start('wordmask', { node: 'ours/archive-add.mjs', args }, threads),
  () => start('PyTorch DataLoader', { python: 'dataloader.py', args }, threads),
  { rounds: turns, seconds: 0, atLeast: 1, warm: 0 },
  ({ cosine }) => (cosine >= least ? undefined : `cosine ${cosine.toFixed(6)}, at least ${least}`),
)
const side = ({ seconds, spread, versions, note }) => ({
  imagesPerSecond: count / seconds,
  msAnImage: (1000 * seconds) / count,
  spread,
  versions,
  note,
})
tell({ images: count, dtype, batch, threads, turns, ratio, ours: side(ours), peer: side(peer), cosine: agreement.cosine, noise })
