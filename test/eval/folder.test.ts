import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { csv } from '../../lib/cli/csv.js'
import { FolderEvaluation, labelFile, presentValues } from '../../lib/eval/folder.js'
import { zeroShot } from '../../lib/eval/scenes.js'

/** Obvious reference of binding.d.ts's confusion. */
function confusion(truth: ArrayLike<number>, prediction: ArrayLike<number>, n: number, ignore: number): Float64Array {
  const matrix = new Float64Array(n * n)
  for (let i = 0; i < truth.length; i++) if (truth[i] !== ignore) matrix[truth[i]! * n + prediction[i]!]!++
  return matrix
}
const map = (width: number, height: number, ...labels: number[]) => ({ width, height, labels: Uint8Array.from(labels) })
const added = (evaluation: FolderEvaluation, { miou, sums }: ReturnType<FolderEvaluation['measure']>) => {
  evaluation.add(sums)
  return miou
}
const evaluation = () => new FolderEvaluation(['fox', 'grass', 'sky'], confusion, 255)

describe('folder evaluation', () => {
  test('methods page, case 11, as one picture of 4 pixels', () => {
    const all = evaluation()
    expect(added(all, all.measure('a', map(4, 1, 0, 0, 1, 255), map(4, 1, 0, 1, 1, 0)))).toBe(0.5)
    expect(all.sums.mean()).toBe(0.5)
    expect(all.sums.accuracy()).toBeCloseTo(2 / 3, 12)
  })
  test('present names: labels of the answer are positions among the names asked for', () => {
    const present = evaluation()
    // Asked for grass (1) and sky (2) only: answer 0 is grass, 1 is sky.
    expect(added(present, present.measure('a', map(2, 2, 1, 1, 2, 2), map(2, 2, 0, 0, 1, 0), [1, 2]))).toBeCloseTo((2 / 3 + 1 / 2) / 2, 12)
    // A guess over two names on 2 + 2 pixels: each 1 right of 2 + 2 - 1.
    expect(present.chance.mean()).toBeCloseTo(1 / 3, 12)
  })
  test('another size, or a value beyond the class list, is refused with the numbers', () => {
    expect(() => evaluation().measure('a.jpg', map(2, 1, 0, 0), map(1, 2, 0, 0))).toThrow(/a\.jpg is 1 x 2, its label map 2 x 1/)
    expect(() => evaluation().measure('a.jpg', map(2, 1, 0, 3), map(2, 1, 0, 0))).toThrow(/value 3, but the class list ends at 2 \(sky\)/)
  })
  test('presentValues: ascending, without ignore', () => {
    expect(presentValues(Uint8Array.of(7, 0, 255, 7, 3), 255)).toEqual([0, 3, 7])
  })
  test('the label map lies at the place of the image, as PNG', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wordmask-labels-'))
    mkdirSync(join(folder, 'a'))
    writeFileSync(join(folder, 'a', 'x.png'), '')
    expect(await labelFile(folder, 'a/x.jpg')).toBe(join(folder, 'a', 'x.png'))
    await expect(labelFile(folder, 'a/y.jpg')).rejects.toThrow(/y\.png/)
    rmSync(folder, { recursive: true })
  })
})

describe('zero-shot accuracy', () => {
  test('by hand: two concepts and a background, three scenes, one without an object', () => {
    // rows: concept 0, concept 1, background; columns: scenes
    const scores = Float32Array.of(0.9, 0.1, 0.5, 0.2, 0.3, 0.1, 0.99, 0.99, 0.99)
    const result = zeroShot(scores, 2, [new Set([0, 2]), new Set([0]), new Set([2])])
    expect(result).toEqual({ accuracy: 0.5, chance: 0.5, scenes: 2 })
  })
})

test('csv quotes what needs quoting and leaves missing values empty', () => {
  expect(
    csv([
      { name: 'a, "b"', iou: 0.5, scenes: 3 },
      { name: 'c', iou: undefined, scenes: 0 },
    ]),
  ).toBe('name,iou,scenes\n"a, ""b""",0.500000,3\nc,,0\n')
})
