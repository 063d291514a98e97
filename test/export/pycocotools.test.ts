import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../curate/memory'
import { curatedSet, pictures } from '../curate/sets'

/** Any Python here that has pycocotools: WORDMASK_PYTHON, the parity or benchmark environments, python3. */
const pythons = [
  process.env.WORDMASK_PYTHON,
  join(import.meta.dirname, '../../.venv/bin/python'),
  join(homedir(), '.cache/wordmask/bench-peers/venv/bin/python'),
  'python3',
].filter((python): python is string => python !== undefined && (python === 'python3' || existsSync(python)))
const python = pythons.find((one) => spawnSync(one, ['-c', 'import pycocotools.coco']).status === 0)
if (python === undefined)
  console.error(
    'skipped: no Python here has pycocotools (python3 -m venv V && V/bin/pip install pycocotools; WORDMASK_PYTHON=V/bin/python)',
  )

const program = `
import sys, json
from pycocotools.coco import COCO
coco = COCO(sys.argv[1])
fox = coco.getCatIds(catNms=['fox'])[0]
ann = coco.loadAnns(coco.getAnnIds(catIds=[fox]))
print('RESULT ' + json.dumps({'images': sorted(coco.getImgIds()), 'boxes': [a['bbox'] for a in ann], 'of': coco.getImgIds(catIds=[fox]),
  'names': [i['file_name'] for i in coco.loadImgs(coco.getImgIds())]}))
`

test.skipIf(python === undefined)('pycocotools reads the image list and the boxes of crops', async () => {
  const folder = await temporaryFolder()
  const rows = await pictures(join(folder, 'photos'), ['a.png', 'b.png'])
  const crop = { ...rows[1]!, id: 'tile', parent: rows[1]!.id, box: [4, 5, 20, 10] as [number, number, number, number] }
  await curatedSet({ fox: [rows[0]!, crop] }).export({ format: 'coco', into: join(folder, 'coco') })
  const { stdout, stderr, status } = spawnSync(python!, ['-c', program, join(folder, 'coco/coco.json')], { encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(status).toBe(0)
  const read = JSON.parse(/RESULT (.*)/.exec(stdout)![1]!)
  expect(read).toEqual({ images: [1, 2], boxes: [[4, 5, 20, 10]], of: [2], names: ['images/a.png', 'images/b.png'] })
})
