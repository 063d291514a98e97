import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { withFolder } from '../helpers/native'
import { testing } from '../helpers/testing'
import { agreement, crf, largestDifference } from './cases'

const root = fileURLToPath(new URL('../..', import.meta.url))
const camvid = join(root, '../shared/data/camvid')
const found: { python?: string; missing?: string } = {}

/** Two photographs of different drives, and their label maps. */
function photographs(): [string, string][] {
  const images = existsSync(camvid) ? readdirSync(join(camvid, 'images/val')).sort() : []
  return [images[3], images.at(-4)].flatMap((name) =>
    name ? [[join(camvid, 'images/val', name), join(camvid, 'labels/val', `${basename(name, '.jpg')}.png`)] as [string, string]] : [],
  )
}

const floats = (file: string) => new Float32Array(new Uint8Array(readFileSync(file)).buffer)

describe.skipIf(photographs().length === 0)('on photographs the dense CRF gives the labels of pydensecrf2', () => {
  beforeAll(() => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/densecrf.mjs'], { cwd: root, encoding: 'utf8' })
    if (status === 0) found.python = stdout.trim()
    else found.missing = `no pydensecrf2 here: ${stderr.trim()}`
  }, 300_000)

  test.for(photographs().flatMap(([image, labels]) => ['noisy', 'reco'].map((kind) => ({ name: basename(image), image, labels, kind }))))(
    '$name, $kind: 99.9% of them, Q within 1%',
    { timeout: 120_000 },
    async ({ image, labels, kind }, { skip }) => {
      skip(!found.python && !process.env.CI, found.missing)
      expect(found.python, found.missing).toBeDefined()
      await withFolder(async (folder) => {
        const { stdout, stderr, status } = spawnSync(found.python!, ['test/refine/photo.py', image, labels, kind, folder], {
          cwd: root,
          encoding: 'utf8',
        })
        expect(status, stderr).toBe(0)
        const size = JSON.parse(/^RESULT (.*)$/m.exec(stdout)![1]!) as { width: number; height: number; labels: number }
        const probabilities = { data: floats(join(folder, 'probabilities')), shape: [size.height, size.width, size.labels] }
        const q = floats(join(folder, 'q'))
        const { values } = testing().refineVolume(probabilities, readFileSync(join(folder, 'rgb')), crf)
        expect(agreement(values, q, size.labels)).toBeGreaterThanOrEqual(0.999)
        expect(largestDifference(values, q)).toBeLessThan(0.01)
        expect(agreement(values, probabilities.data, size.labels), 'labels that did not change').toBeLessThan(0.99)
      })
    },
  )
})
