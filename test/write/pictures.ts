import { Scores } from '../../lib/segmenter/scores'
import type { Mask } from '../../lib/segmenter/segmentation'
import { Segmentation } from '../../lib/segmenter/segmentation'
import { type ClassSpec, parseClasses } from '../../lib/text/classes'
import { random } from '../helpers/testing'

/** A segmentation with these labels; with `background` label 0 is none of the classes. */
export function segmentationOf(labels: number[], width: number, height: number, names: (string | ClassSpec)[], background = false) {
  const classes = parseClasses(names)
  const counts = Array.from({ length: classes.length + 1 }, (_, value) => labels.filter((label) => label === value).length)
  const scores = new Scores([{ data: new Float32Array(classes.length), shape: [1, 1, classes.length] }], 100)
  const result = { labels: Uint8Array.from(labels), width, height, counts }
  return new Segmentation(result, scores, classes, background ? { threshold: 0.5 } : undefined, { orient: true, temperature: 100 } as never)
}

/** Labels of 0 to n - 1 in seeded blobs, with holes, islands in holes and pixels that touch at corners alone. */
export function blobs(width: number, height: number, n: number, seed: number): number[] {
  const next = random(seed)
  const waves = Array.from({ length: n }, () => [next() * 0.9, next() * 0.9, next() * 6, next() * 6] as const)
  return Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)]
    const values = waves.map(([a, b, c, d]) => Math.sin(a * x + c) + Math.sin(b * y + d) + 0.9 * next())
    return values.indexOf(Math.max(...values))
  })
}

/** 0/1 of every pixel of a mask that the labels hold. */
export const pixelsOf = (labels: ArrayLike<number>, label: number) => Array.from(labels, (value) => (value === label ? 1 : 0))

export interface Picture {
  name: string
  segmentation: Segmentation
  masks: Mask[]
}

export const cocoImage = ({ name, segmentation: { width, height }, masks }: Picture) => ({ file_name: `${name}.png`, width, height, masks })
