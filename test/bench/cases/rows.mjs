// The rows of the table "must reach": our program, and each peer with the ratio that is asked for (peer's seconds over ours).
// A peer without `goal` is there for orientation.

import { onnxFolder, sideOf, weightsFile } from './models.mjs'
import { names, prompts } from './names.mjs'
import { refinements } from './refine.mjs'

/** @typedef {{ name: string, program: object, goal?: number, wish?: number, onnx?: string }} Peer */

// What a comparison of results must say before anything is timed.
const relative =
  (limit) =>
  ({ relative: found }) =>
    found <= limit ? undefined : `relative error ${found.toExponential(1)}, at most ${limit}`
const cosine =
  (limit) =>
  ({ cosine: found }) =>
    found >= limit ? undefined : `cosine ${found.toFixed(6)}, at least ${limit}`
const equal =
  (limit) =>
  ({ equal: found }) =>
    found >= limit ? undefined : `${(found * 100).toFixed(2)}% equal, at least ${limit * 100}%`

const image = (architecture, dtype, batch) => ({
  node: 'ours/image.mjs',
  args: { weights: weightsFile(architecture), dtype, batch, side: sideOf(architecture) },
})
const onnxruntime = (architecture, batch, goal) => ({
  name: 'onnxruntime-node',
  onnx: architecture,
  program: { node: 'peers/onnx.mjs', args: { folder: onnxFolder(architecture), batch, side: sideOf(architecture) } },
  ...goal,
})
const transformers = (architecture, batch) => ({
  name: '@huggingface/transformers',
  onnx: architecture,
  program: { node: 'peers/transformers.mjs', args: { folder: onnxFolder(architecture), batch, side: sideOf(architecture) } },
})
const eager = (architecture, batch, goal) => ({
  name: 'PyTorch eager',
  program: { python: 'image.py', args: { weights: weightsFile(architecture), batch, side: sideOf(architecture) } },
  ...goal,
})
const tower = (id, architecture, dtype, batch, check, peers) => ({
  id,
  title: `${architecture} image tower, batch ${batch}, ${dtype}`,
  models: [architecture],
  unit: 'images/s',
  items: batch,
  ours: image(architecture, dtype, batch),
  check,
  peers,
})

const composition = (op, set, goal) => ({ name: 'LibTorch composition', program: { op, side: 'plain', set }, ...goal })

const AFFINITY = { images: 50, channels: 384 }
const affinity = (id, positions, dtype, goal, check) => ({
  id,
  title: `max_affinity k=50, C=384, P=${positions}, ${dtype}`,
  unit: 'ms',
  op: 'max_affinity',
  ours: { op: 'max_affinity', side: 'ours', set: { ...AFFINITY, positions, dtype } },
  check,
  memoryLimit: 64 * 2 ** 20,
  peers: [composition('max_affinity', { ...AFFINITY, positions, dtype: 'float32' }, { goal })],
})

const DATABASE = { rows: 1_000_000, dim: 512, k: 100 }
const search = (queries, goal) => ({
  id: `topk-${queries}`,
  title: `topk_similarity 1M x 512, k=100, ${queries} ${queries === 1 ? 'query' : 'queries'}, float32`,
  unit: 'ms',
  op: 'topk_similarity',
  ours: { op: 'topk_similarity', side: 'ours', set: { ...DATABASE, queries, dtype: 'float32' } },
  check: equal(0.99),
  peers: [
    { name: 'faiss IndexFlatIP', program: { python: 'faiss_flat.py', args: { ...DATABASE, queries } }, goal },
    composition('topk_similarity', { ...DATABASE, queries, dtype: 'float32' }),
  ],
})
const narrow = (dtype) => ({
  id: `topk-${dtype}`,
  title: `topk_similarity 1M x 512, k=100, 1 query, ${dtype} storage`,
  unit: 'ms',
  op: 'topk_similarity',
  ours: { op: 'topk_similarity', side: 'ours', set: { ...DATABASE, queries: 1, dtype } },
  check: equal(0.5), // rounding moves neighbours past each other
  peers: [
    {
      name: 'ours, float32 storage',
      program: { op: 'topk_similarity', side: 'ours', set: { ...DATABASE, queries: 1, dtype: 'float32' } },
      goal: 1.6,
    },
  ],
})

const LABELS = { classes: 171, grid: 32, side: 512 }
const PHOTOGRAPHS = { images: 8, width: 500, height: 375, side: 224 }
const MASKS = { masks: 100, side: 512, grid: 32, channels: 512 }
const CONVOLUTION = { images: 4, side: 20, channels: 384, out: 384 }
const COUNTS = { side: 1024, classes: 171 }
const DENSE = { weights: weightsFile('ViT-B/16'), side: 512, names, template: 'a photo of a {}.' }
const FIRST = { side: sideOf('ViT-B/32') }
const TEXTS = prompts(256)

export const rows = [
  tower('vit-b16', 'ViT-B/16', 'float32', 8, relative(1e-3), [
    onnxruntime('ViT-B/16', 8, { goal: 1, wish: 1.1 }),
    eager('ViT-B/16', 8, { goal: 2.2 }),
    transformers('ViT-B/16', 8),
  ]),
  tower('vit-b16-bf16', 'ViT-B/16', 'bfloat16', 8, cosine(0.9995), [onnxruntime('ViT-B/16', 8, { goal: 2 })]),
  tower('vit-l14-336', 'ViT-L/14@336', 'float32', 4, relative(1e-3), [
    eager('ViT-L/14@336', 4, { goal: 1.1 }),
    onnxruntime('ViT-L/14@336', 4, { goal: 1 }),
  ]),
  // These random weights amplify rounding: open_clip's float32 is 6.1e-4 from its float64, ours 7.5e-4; the two together.
  tower('rn50x16', 'RN50x16@320', 'float32', 4, relative(1.4e-3), [
    eager('RN50x16@320', 4, { goal: 1.1 }),
    onnxruntime('RN50x16@320', 4, { goal: 1 }),
  ]),
  {
    id: 'text',
    title: `text tower of ViT-B/16, ${TEXTS.chosen.length} evenly spaced of ${names.length} names x 80 templates`,
    models: ['ViT-B/16'],
    unit: 'texts/s',
    items: TEXTS.chosen.length,
    ours: { node: 'ours/text.mjs', args: { weights: weightsFile('ViT-B/16'), prompts: TEXTS.chosen, batch: TEXTS.chosen.length } },
    check: relative(1e-3),
    peers: [
      {
        name: 'open_clip',
        program: { python: 'text.py', args: { weights: weightsFile('ViT-B/16'), prompts: TEXTS.chosen } },
        goal: 3,
      },
    ],
  },
  affinity('affinity-196', 196, 'float32', 4, relative(1e-4)),
  affinity('affinity-784', 784, 'float32', 8, relative(1e-4)),
  affinity('affinity-784-bf16', 784, 'bfloat16', 14, relative(2e-2)),
  search(1, 2.5),
  search(64, 8),
  narrow('float16'),
  narrow('bfloat16'),
  {
    id: 'label-map',
    title: 'label_map T=171, 32x32 -> 512x512',
    unit: 'ms',
    op: 'label_map',
    ours: { op: 'label_map', side: 'ours', set: LABELS },
    check: equal(0.999),
    memoryLimit: 2 * 512 * 512 * 4,
    peers: [composition('label_map', LABELS, { goal: 5 })],
  },
  {
    id: 'resize',
    title: 'resize_normalize 500x375 -> 224, batch 8',
    unit: 'images/s',
    items: PHOTOGRAPHS.images,
    op: 'resize_normalize',
    ours: { op: 'resize_normalize', side: 'ours', set: PHOTOGRAPHS },
    check: relative(1e-4),
    peers: [
      { name: 'Pillow + numpy', program: { python: 'pillow_resize.py', args: PHOTOGRAPHS }, goal: 1 },
      { ...composition('resize_normalize', PHOTOGRAPHS), check: relative(5e-2) }, // it rounds otherwise, by up to 2/255
    ],
  },
  {
    id: 'mask-pool',
    title: 'mask_pool 100 masks 512x512 over 32x32x512',
    unit: 'ms',
    op: 'mask_pool',
    ours: { op: 'mask_pool', side: 'ours', set: MASKS },
    check: relative(1e-4),
    peers: [composition('mask_pool', MASKS)],
  },
  {
    id: 'confusion',
    title: 'confusion 1024x1024, 171 classes',
    unit: 'ms',
    op: 'confusion',
    ours: { op: 'confusion', side: 'ours', set: COUNTS },
    check: equal(1),
    peers: [composition('confusion', COUNTS)],
  },
  {
    id: 'conv',
    title: '3x3 convolution of RN50x16 at 320, batch 4: 384 channels, 20x20, float32',
    unit: 'ms',
    op: 'packed_conv',
    ours: { op: 'packed_conv', side: 'ours', set: CONVOLUTION },
    check: relative(1e-5),
    peers: [composition('packed_conv', CONVOLUTION)],
  },
  ...refinements,
  {
    id: 'end-to-end',
    title: 'picture to labels, 512x512, 171 names, ViT-B/16 dense',
    models: ['ViT-B/16'],
    unit: 'ms',
    ours: { node: 'ours/segment.mjs', args: DENSE },
    check: equal(0.98), // nearly equal scores of random weights
    peers: [{ name: 'PyTorch eager', program: { python: 'segment.py', args: DENSE }, goal: 2 }],
  },
  {
    id: 'first-result',
    title: 'first vector after process start, ViT-B/32 on disk',
    models: ['ViT-B/32'],
    unit: 'ms',
    ours: { node: 'harness/fresh.mjs', args: { program: 'ours/first.mjs', args: { ...FIRST, weights: weightsFile('ViT-B/32') } } },
    check: relative(1e-3),
    peers: [
      {
        name: 'onnxruntime-node',
        onnx: 'ViT-B/32',
        program: { node: 'harness/fresh.mjs', args: { program: 'peers/first.mjs', args: { ...FIRST, folder: onnxFolder('ViT-B/32') } } },
        goal: 1,
      },
    ],
  },
]
