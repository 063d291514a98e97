// How cost grows: ours alone at several sizes. `x` is what the cost should be a straight line of; where it is not, the table says `bend`.
import { weightsFile } from './models.mjs'

const weights = weightsFile('ViT-B/16')
const PATCH = 16

export const curves = [
  {
    id: 'images',
    title: 'ViT-B/16 image tower, float32',
    x: 'images a batch',
    models: ['ViT-B/16'],
    points: [1, 2, 4, 8, 16, 32, 64],
    at: (batch) => ({ x: batch, ours: { node: 'ours/image.mjs', args: { weights, dtype: 'float32', batch, side: 224 } } }),
  },
  {
    id: 'side',
    title: 'ViT-B/16 dense features of one image',
    x: 'patches',
    models: ['ViT-B/16'],
    points: [224, 336, 448, 672, 1024],
    at: (side) => ({ x: Math.ceil(side / PATCH) ** 2, ours: { node: 'ours/dense.mjs', args: { weights, side } } }),
    bend: 'attention compares every patch with every other: its share grows with the square of the patches',
  },
  {
    id: 'affinity',
    title: 'max_affinity P=196, C=384, float32',
    x: 'pairs of images',
    op: 'max_affinity',
    points: [10, 25, 50, 100, 200],
    at: (images) => ({
      x: (images * (images + 1)) / 2,
      ours: { op: 'max_affinity', side: 'ours', set: { images, positions: 196, channels: 384, dtype: 'float32' } },
    }),
  },
  {
    id: 'database',
    title: 'topk_similarity, 1 query, k=100, 512 dimensions, float16 storage',
    x: 'rows',
    op: 'topk_similarity',
    points: [10_000, 100_000, 1_000_000, 10_000_000],
    at: (rows) => ({
      x: rows,
      bytes: rows * 512 * 2,
      ours: { op: 'topk_similarity', side: 'ours', set: { rows, dim: 512, k: 100, queries: 1, dtype: 'float16' } },
    }),
    bend: 'up to the size of the last cache the rows come from there, beyond it from memory',
  },
  {
    id: 'classes',
    title: 'label_map 32x32 -> 512x512',
    x: 'classes',
    op: 'label_map',
    points: [10, 30, 100, 300, 1000, 3000, 10_000],
    at: (classes) => ({ x: classes, ours: { op: 'label_map', side: 'ours', set: { classes, grid: 32, side: 512 } } }),
    bend: 'a class that cannot win between two columns of cells is not interpolated there: up to some hundred classes the few contenders of every pixel cost most, beyond that finding them',
  },
]
