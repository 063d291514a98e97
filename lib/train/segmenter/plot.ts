import { readFile } from 'node:fs/promises'
import { WordmaskError } from '../../errors'
import { drawChart } from '../chart'

/** A line of metrics.jsonl: means over the steps since the line before, or what validation says after a step. */
export interface SegmenterLine {
  step: number
  /** Since the start, over all sittings: wall clock, and CPU time of all threads. */
  seconds: number
  cpuSeconds: number
  loss?: number
  learningRate?: number
  backboneLearningRate?: number
  gradNorm?: number
  imagesPerSecond?: number
  miou?: number
  /** After the CRF, where validation has it. */
  crfMiou?: number
  accuracy?: number
  /** Null for a class that occurs nowhere. */
  iou?: (number | null)[]
}

/** @throws ERR_WORDMASK_FILE_NOT_FOUND, ERR_WORDMASK_IO for a line that is no JSON */
export async function readSegmenterMetrics(file: string): Promise<SegmenterLine[]> {
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `No metrics at ${file}: train into that folder first`, { cause })
  })
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.map((line, i) => {
    try {
      return JSON.parse(line) as SegmenterLine
    } catch (cause) {
      throw new WordmaskError('ERR_WORDMASK_IO', `${file}:${i + 1} is not JSON`, { cause })
    }
  })
}

/** Lines of metrics up to which each is a point, too: of one alone no line can be drawn. */
const fewLines = 20

/** What the legend calls a series. */
const titles: Partial<Record<keyof SegmenterLine, string>> = {
  learningRate: 'head',
  backboneLearningRate: 'backbone',
  miou: 'mIoU',
  crfMiou: 'mIoU after CRF',
}

/** Loss, mIoU of the validation set (where there is one) and learning rates over the steps, one above the other, as SVG. */
export async function plotSegmenter(metrics: string, svg: string): Promise<void> {
  const lines = await readSegmenterMetrics(metrics)
  const last = lines.reduce((step, line) => Math.max(step, line.step), 0)
  const panel = (height: number, title: string, names: (keyof SegmenterLine)[], scale: object, points: boolean) => ({
    width: 640,
    height,
    data: {
      values: names.flatMap((series) =>
        lines
          .filter((line) => line[series] !== undefined)
          .map((line) => ({ step: line.step, series: titles[series] ?? series, value: line[series] })),
      ),
    },
    mark: { type: 'line', strokeWidth: 1.5, point: points || lines.length < fewLines },
    encoding: {
      x: { field: 'step', type: 'quantitative', title: 'step', scale: { domain: [0, last] } },
      y: { field: 'value', type: 'quantitative', title, scale },
      color: { field: 'series', type: 'nominal', title: null, scale: { scheme: 'tableau10' } },
    },
  })
  const validated = lines.some((line) => line.miou !== undefined)
  await drawChart(svg, {
    background: 'white',
    resolve: { scale: { color: 'independent' } },
    vconcat: [
      panel(200, 'loss', ['loss'], { zero: false }, false),
      ...(validated ? [panel(200, 'validation', ['miou', 'crfMiou', 'accuracy'], { domain: [0, 1] }, true)] : []),
      panel(100, 'learning rate', ['learningRate', 'backboneLearningRate'], { zero: true }, false),
    ],
  })
}
