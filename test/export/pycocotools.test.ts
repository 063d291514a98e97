import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../curate/memory'
import { curatedSet, pictures } from '../curate/sets'
import { withReaders } from '../helpers/readers'

const readers = withReaders()

test('pycocotools reads the image list and the boxes of crops', async ({ skip }) => {
  skip(!readers.read, readers.missing)
  const folder = await temporaryFolder()
  const rows = await pictures(join(folder, 'photos'), ['a.png', 'b.png'])
  const crop = { ...rows[1]!, id: 'tile', parent: rows[1]!.id, box: [4, 5, 20, 10] as [number, number, number, number] }
  await curatedSet({ fox: [rows[0]!, crop] }).export({ format: 'coco', into: join(folder, 'coco') })
  const read = readers.read!('test/export/read_coco.py', join(folder, 'coco/coco.json'))
  expect(read).toEqual({ images: [1, 2], boxes: [[4, 5, 20, 10]], of: [2], names: ['images/a.png', 'images/b.png'] })
})
