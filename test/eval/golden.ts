import { readFileSync } from 'node:fs'
import { join } from 'node:path'

type Figures = Record<string, number | null>
interface Golden {
  together: { mmseg: Figures; detectron2: Figures }
  scales: { from: [number, number]; side: number; filter: 'nearest' | 'bilinear' | 'labels'; sha256: string }[]
  /** areas: intersection, union, truth, prediction of every class. */
  pairs: { n: number; areas: [number, number, number, number][]; mmseg: Figures; detectron2: Figures }[]
}

/** Made by test/parity/evaluation.py; again with: npm run fixtures. */
export const golden = JSON.parse(readFileSync(join(__dirname, '../fixtures/golden/evaluation.json'), 'utf8')) as Golden

/** The same integers as mixed() in evaluation.py. */
function mixed(k: number): number {
  const once = Math.imul(k, 2654435761) >>> 0
  return Math.imul((once ^ (once >>> 15)) >>> 0, 2246822519) >>> 0
}

/** Pair p of 200: 255 is ignored in the truth. */
export function pair(p: number): { n: number; truth: Uint8Array; prediction: Uint8Array } {
  const n = 2 + (p % 29)
  const pixels = (1 + ((p * 7) % 37)) * (1 + ((p * 5) % 23))
  const shown = 1 + (p % n)
  const truth = new Uint8Array(pixels)
  const prediction = new Uint8Array(pixels)
  for (let j = 0; j < pixels; j++) {
    const [a, b] = [mixed(p * 100003 + 2 * j + 1), mixed(p * 100003 + 2 * j + 2)]
    truth[j] = (a >>> 20) % 7 === 0 ? 255 : (a >>> 9) % shown
    prediction[j] = (b >>> 20) % 3 && truth[j] !== 255 ? truth[j]! : (b >>> 7) % n
  }
  return { n, truth, prediction }
}

export function picture(width: number, height: number, channels: number): Uint8Array {
  return Uint8Array.from({ length: width * height * channels }, (_, i) =>
    Math.floor(i / 97) % 2 ? (mixed(i) >>> 13) % 256 : (i * 3) % 256,
  )
}
