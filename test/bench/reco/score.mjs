// What the studies of ReCo share: the package as it is built, label maps against the truth, and files of figures.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describeMachine } from '../harness/machine.mjs'

export const root = join(import.meta.dirname, '../../..')
export const built = createRequire(join(root, 'dist/'))
export const { Archive, Clip, Encoder, Segmenter } = built('./index.js')
export const native = built('./binding.js').binding()
export const packFile = join(root, 'models/scenes/scenes.pack')
export const openPack = () => native.ScenePack.open([packFile], {})

/** Calls `work` with a folder that is gone afterwards. */
export async function inFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), 'wordmask-bench-reco-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Pixels by truth and label over `scenes`, and milliseconds an image. `grids`: which of the two score grids are multiplied; all where it
 * is absent. `refine` as for segment(), with all grids.
 */
export async function confusionOf(segmenter, scenes, n, { grids, refine } = {}) {
  const matrix = new Float64Array(n ** 2)
  let ms = 0
  for (const { image, truth } of scenes) {
    const began = performance.now()
    const answer = await segmenter.segment(image, { ...(refine && { refine }) })
    ms += performance.now() - began
    const labels = grids ? await labelsOf(answer, grids, n) : answer.labels
    for (const [i, count] of native.confusion(truth, labels, n, 255).entries()) matrix[i] += count
  }
  return { matrix, ms: ms / scenes.length }
}

async function labelsOf({ all, width, height }, grids, classes) {
  const chosen = grids.map((i) => all.grids[i])
  const options = { width, height, classes, background: { kind: 'none' } }
  return (await native.labelGrids(chosen, options, {})).labels
}

/** Numbers by name out of flags that are text. */
export const numbers = (values, ...names) => names.map((name) => Number(values[name]))

/** Writes figures with all that they follow from. */
export function writeFigures(file, figures) {
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
  const { cpu, cores } = describeMachine()
  const study = process.argv[1].slice(root.length + 1)
  const made = {
    ...{ command: ['node', study, ...process.argv.slice(2)].join(' '), date: new Date().toISOString().slice(0, 10) },
    ...{ commit: git('describe', '--always', '--dirty'), machine: { cpu, cores } },
  }
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify({ ...made, ...figures }, null, 1)}\n`)
}
