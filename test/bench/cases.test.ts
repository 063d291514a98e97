import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { casesOf, harness } from './load'

const { rows } = await casesOf('rows')
const { curves } = await casesOf('curves')
const { limits } = await casesOf('limits')
const { names, prompts } = await casesOf('names')
const { configOf } = await casesOf('models')
const { chosenCases, everyCase, jobsOf, reasonToSkip } = await harness('jobs')

/** The table of issue 4: id, peer, asked for (the peer's time over ours). */
const issue = [
  ['vit-b16', 'onnxruntime-node', 1],
  ['vit-b16', 'PyTorch eager', 2.2],
  ['vit-b16-bf16', 'onnxruntime-node', 2],
  ['vit-l14-336', 'PyTorch eager', 1.1],
  ['vit-l14-336', 'onnxruntime-node', 1],
  ['rn50x16', 'PyTorch eager', 1.1],
  ['rn50x16', 'onnxruntime-node', 1],
  ['text', 'open_clip', 3],
  ['affinity-196', 'LibTorch composition', 4],
  ['affinity-784', 'LibTorch composition', 8],
  ['affinity-784-bf16', 'LibTorch composition', 14],
  ['topk-1', 'faiss IndexFlatIP', 2.5],
  ['topk-64', 'faiss IndexFlatIP', 8],
  ['topk-float16', 'ours, float32 storage', 1.6],
  ['topk-bfloat16', 'ours, float32 storage', 1.6],
  ['label-map', 'LibTorch composition', 5],
  ['resize', 'Pillow + numpy', 1],
  ['end-to-end', 'PyTorch eager', 2],
  ['first-result', 'onnxruntime-node', 1],
] as const

describe('the table of issue 4', () => {
  test('every row is a case with the peer and the ratio asked for, and there is no other goal', () => {
    const ours = rows.flatMap(({ id, peers }: any) => peers.filter((p: any) => p.goal).map((p: any) => [id, p.name, p.goal]))
    expect(ours.map(String).sort()).toEqual(issue.map(String).sort())
  })
  test.each([
    ['vit-b16', { dtype: 'float32', batch: 8, side: 224 }],
    ['vit-b16-bf16', { dtype: 'bfloat16', batch: 8, side: 224 }],
    ['vit-l14-336', { dtype: 'float32', side: 336 }],
    ['rn50x16', { dtype: 'float32', side: 320 }],
    ['end-to-end', { side: 512 }],
  ])('%s has the sizes of its row', (id, args) => {
    expect(rows.find((row: any) => row.id === id).ours.args).toMatchObject(args)
  })
  test.each([
    ['affinity-196', { images: 50, channels: 384, positions: 196, dtype: 'float32' }],
    ['affinity-784-bf16', { images: 50, channels: 384, positions: 784, dtype: 'bfloat16' }],
    ['topk-64', { rows: 1_000_000, dim: 512, k: 100, queries: 64, dtype: 'float32' }],
    ['label-map', { classes: 171, side: 512 }],
    ['resize', { width: 500, height: 375, side: 224 }],
  ])('%s has the sizes of its row', (id, set) => {
    expect(rows.find((row: any) => row.id === id).ours.set).toMatchObject(set)
  })
  test('both sides of a row get the same sizes', () => {
    for (const { id, ours, peers } of rows)
      for (const { program } of peers) {
        const [mine, theirs] = [ours.set ?? ours.args.args ?? ours.args, program.set ?? program.args.args ?? program.args]
        for (const name of ['batch', 'side', 'rows', 'dim', 'k', 'queries', 'images', 'positions', 'channels', 'classes', 'prompts'])
          if (name in mine && name in theirs) expect([id, name, theirs[name]]).toEqual([id, name, mine[name]])
      }
  })
  test('all 171 names, each once, in all 80 templates', () => {
    expect([names.length, new Set(names).size]).toEqual([171, 171])
    const { all, chosen } = prompts(256)
    expect([all, new Set(chosen).size]).toEqual([171 * 80, 256])
  })
  test('the curves reach the ends that are asked for', () => {
    const ends = Object.fromEntries(curves.map(({ id, points }: any) => [id, [points[0], points.at(-1)]]))
    expect(ends).toEqual({ images: [1, 64], side: [224, 1024], affinity: [10, 200], database: [1e4, 1e7], classes: [10, 1e4] })
  })
  test('the limits of issue 3: 50 ms of silence, 1 GB above the model', () => {
    expect(limits.map(({ id }: any) => id).filter((id: string) => id.startsWith('event-loop'))).toEqual(
      ['load', 'encode', 'segment', 'train'].map((work) => `event-loop-${work}`),
    )
    expect(limits.filter(({ unit }: any) => unit === 'ms').map(({ limit }: any) => limit)).toEqual([50, 50, 50, 50])
    const { limit, ours } = limits.find(({ id }: any) => id === 'memory-1000-names')
    expect([Math.round(limit * 2 ** 20), ours.args.side, ours.args.classes]).toEqual([1e9, 1024, 1000])
  })
})

describe('cases', () => {
  test('ids are unique and every program is a file', () => {
    expect(new Set(everyCase.map(({ id }: any) => id)).size).toBe(everyCase.length)
    const jobs = everyCase.flatMap((item: any) => jobsOf(item, { peers: true }))
    const programs = jobs.flatMap(({ ours, peer }: any) => [ours, ...(peer ? [peer.program] : [])])
    for (const { node, python, args } of programs) {
      if (node) expect([node, existsSync(join(import.meta.dirname, node))]).toEqual([node, true])
      if (python) expect([python, existsSync(join(import.meta.dirname, 'peers', python))]).toEqual([python, true])
      if (args?.program) expect([args.program, existsSync(join(import.meta.dirname, args.program))]).toEqual([args.program, true])
    }
  })
  test('results are compared in every row', () => {
    expect(rows.filter(({ check }: any) => typeof check !== 'function')).toEqual([])
  })
  test('without --peers every case is measured once, with them once a peer; a curve once a point', () => {
    const row = rows.find(({ id }: any) => id === 'vit-b16')
    expect(jobsOf({ group: 'rows', ...row }, { peers: false })).toMatchObject([{ kind: 'alone', case: 'vit-b16' }])
    expect(jobsOf({ group: 'rows', ...row }, { peers: true }).map(({ peer }: any) => peer.name)).toEqual(row.peers.map((p: any) => p.name))
    const [curve] = curves
    expect(jobsOf({ group: 'curves', ...curve }, { peers: true }).map(({ x }: any) => x)).toEqual(curve.points)
  })
  test('--only takes ids and groups; a word that names nothing is refused with the list', () => {
    expect(chosenCases([])).toHaveLength(everyCase.length)
    expect(chosenCases(['label-map']).map(({ id }: any) => id)).toEqual(['label-map'])
    expect(chosenCases(['limits', 'text']).map(({ id }: any) => id)).toContain('memory-1000-names')
    expect(() => chosenCases(['labelmap'])).toThrow(/labelmap; there are .*label-map/)
  })
  test('an op that is not there and a database that does not fit are left out with the reason', () => {
    const here = { ops: ['label_map'], freeBytes: 8e9 }
    expect(reasonToSkip({ op: 'label_map' }, here)).toBeUndefined()
    expect(reasonToSkip({}, here)).toBeUndefined()
    expect(reasonToSkip({ op: 'max_affinity' }, here)).toMatch(/no max_affinity yet/)
    expect(reasonToSkip({ op: 'label_map', bytes: 6e9 }, here)).toBeUndefined()
    expect(reasonToSkip({ op: 'label_map', bytes: 1e10 }, here)).toMatch(/12\.0 GB of memory, 8\.0 GB are free/)
  })
  test('architectures are those of the cards; RN50x16@320 differs in its side alone', () => {
    expect(configOf('RN50x16@320').vision).toEqual({ ...configOf('RN50x16@320').vision, kind: 'resnet', imageSize: 320 })
    expect(() => configOf('ViT-Q/1')).toThrow(/ViT-Q\/1; known/)
  })
})
