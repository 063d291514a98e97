// The figures of issue 5, in pieces: each a program with its arguments at full size, and as short as shows that it runs.
const embed = (id, title, model, quick) => ({
  id,
  title,
  program: 'archive/embed.mjs',
  model,
  args: { count: 5000 },
  quick: { count: quick },
})
/** `count` is that of a turn: three of the peer between four of ours. */
const peer = (id, args, goal) => ({
  ...{ id, title: `ViT-B/32, ${args.count} JPEGs a turn: Archive.add against a PyTorch DataLoader loop (with --peers)`, goal, peers: true },
  program: 'archive/peer.mjs',
  model: 'ViT-B/32',
  args,
  quick: { ...args, count: 8, turns: 1 },
})
const rows = (id, count, title) => ({
  id,
  title,
  program: 'archive/rows.mjs',
  args: { rows: count, planted: 1000 },
  quick: { rows: 5000, planted: 50 },
})

export const cases = [
  embed('embed-scenes', '5,000 JPEGs of 320 x 240 with the built-in model: at least 0.9 of decode + resize + encode', 'scenes', 300),
  embed('embed-vit-b32', '5,000 JPEGs of 320 x 240 with ViT-B/32: at least 0.9 of the encoder alone', 'ViT-B/32', 24),
  peer('peer-float32', { count: 300, turns: 3, bfloat16: 0 }, 2.3),
  peer('peer-bfloat16', { count: 200, turns: 3, bfloat16: 1 }, 3.5),
  rows('rows-10k', 10_000, '10,000 rows: add, search, filter, index, dedupe'),
  rows('rows-100k', 100_000, '100,000 rows'),
  rows('rows-1m', 1_000_000, '1,000,000 rows'),
  { ...rows('rows-10m', 10_000_000, '10,000,000 rows (with --large)'), args: { rows: 10_000_000, planted: 1000, large: 1 }, large: true },
  ...[0, 1].map((seed) => ({
    id: `curation-${seed}`,
    title: `presence of 50 + 50 names and precision at 10, 50, 100 on 20,000 unseen scenes, seed ${seed}`,
    program: 'curation/run.mjs',
    args: { seed, count: 20_000, seconds: 3600 },
    quick: { seed, count: 400, seconds: 20 },
  })),
  {
    id: 'duplicates',
    title: 'precision and recall of dedupe on planted duplicates of 300 scenes',
    program: 'curation/duplicates.mjs',
    args: { count: 300, seed: 0 },
    quick: { count: 12, seed: 0 },
  },
  {
    id: 's3',
    title: '2,000 images exported out of 60 tars on S3: bytes read, at most 1.2 of their own',
    program: 'archive/s3.mjs',
    args: { count: 6000, tars: 60, wanted: 2000 },
    quick: { count: 24, tars: 3, wanted: 8 },
  },
]
