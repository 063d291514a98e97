import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { binding } from '../../lib/binding.js'
import { Segmenter } from '../../lib/segmenter/segmenter.js'
import { temporaryFolder } from '../api/tiny-clip'
import { wordmask } from '../cli/cli.js'
import { picture } from '../cli/tiny.js'
import { smallArchive } from '../reco/scenes'
import { labelMap } from './trees.js'

test('saved references of ReCo: --model scores them, and the protocol says what they rest on', async () => {
  binding().setThreads(1)
  const folder = await temporaryFolder()
  const { archive, clip, uri } = await smallArchive(folder)
  const segmenter = await Segmenter.create({ method: 'reco', archive, classes: ['fox', 'grass'], contexts: ['sky'], k: 3 })
  await segmenter.save(join(folder, 'refs'))
  segmenter.dispose()
  await archive.close()
  clip.dispose()
  await picture(join(folder, 'set/images/a.png'), 40, 1, 1)
  await labelMap(
    join(folder, 'set/labels/a.png'),
    Array.from({ length: 40 }, (_, i) => i % 2),
  )
  const args = [
    '--dataset',
    'folder',
    '--root',
    join(folder, 'set'),
    '--classes',
    'fox,grass',
    '--model',
    join(folder, 'refs'),
    '--size',
    '32',
  ]
  const { code, stderr } = await wordmask(['eval', ...args, '--into', join(folder, 'scores')])
  expect(code, stderr).toBe(0)
  const { protocol, figures } = JSON.parse(readFileSync(join(folder, 'scores', 'eval.json'), 'utf8'))
  expect(protocol).toMatchObject({
    ...{ method: 'reco', names: 'of the saved segmenter', windows: 'official', guidance: 'yes', elimination: 'yes', refinement: 'none' },
    ...{ archive: expect.stringMatching(/^k = 3 by /), encoder: 'tiny', size: '32' },
  })
  expect(figures.aAcc).toBeGreaterThan(0)

  // The same references, made by the command itself.
  const own = ['--method', 'reco', '--archive', uri, '--contexts', 'sky', '--k', '3', '--templates', 'none']
  const made = await wordmask(['eval', ...args.slice(0, 6), ...own, '--size', '32', '--into', join(folder, 'made')])
  expect(made.code, made.stderr).toBe(0)
  expect(JSON.parse(readFileSync(join(folder, 'made', 'eval.json'), 'utf8')).figures).toEqual(figures)
}, 180_000)
