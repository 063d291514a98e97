import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readLabelMap } from '../../lib/image/labels'
import { temporaryFolder } from '../api/tiny-clip'
import { curatedSet, pictures } from '../curate/sets'
import { withReaders } from '../helpers/readers'
import { wordmask } from './cli'

const readers = withReaders()

test('segment --curated --write coco: pycocotools gives every pixel the class that the label map has', async ({ skip }) => {
  skip(!readers.read, readers.missing)
  const folder = await temporaryFolder()
  const rows = await pictures(join(folder, 'photos'), ['a.png', 'b.png', 'c.png', 'd.png'])
  await curatedSet({ grass: [rows[0]!, rows[1]!], sky: [rows[2]!], fox: [rows[3]!] }).save(join(folder, 'set', 'curated.jsonl'))
  const into = join(folder, 'masks')
  const done = await wordmask([
    ...['segment', '--curated', join(folder, 'set'), '--clip', 'scenes'],
    ...['--write', 'coco,labels', '--min-area', '1', '--into', into],
  ])
  expect(done.code, done.stderr).toBe(0)
  const read = readers.read!('test/write/read_coco.py', join(into, 'coco.json'))
  expect(Object.keys(read).sort()).toEqual(['fox/d.png', 'grass/a.png', 'grass/b.png', 'sky/c.png'])
  const found = new Set<number>()
  for (const [name, categories] of Object.entries(read)) {
    const { labels } = await readLabelMap(join(into, 'labels', name))
    expect(categories).toEqual(Array.from(labels, (label) => label + 1))
    for (const label of labels) found.add(label)
  }
  expect(found.size).toBeGreaterThan(1)
})
