import { readFile } from 'node:fs/promises'
import { WordmaskError } from '../errors'
import { drawChart } from './chart'

/** A line of metrics.jsonl: means over the steps since the line before. */
export interface LoggedMetrics {
  step: number
  loss: number
  lossClass: number
  lossPatch: number
  lossClaim: number
  /** Absent in files of earlier versions. */
  lossView?: number
  retrieval: number
  /** Side of the pictures of the stage. */
  size: number
  learningRate: number
  gradNorm: number
  imagesPerSecond: number
  /** Since the start, over all sittings: wall clock, and CPU time of all threads. */
  seconds: number
  cpuSeconds: number
}

/** @throws ERR_WORDMASK_FILE_NOT_FOUND, ERR_WORDMASK_IO for a line that is no metrics */
export async function readMetrics(file: string): Promise<LoggedMetrics[]> {
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `No metrics at ${file}: train into that folder first`, { cause })
  })
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, i) => {
      try {
        return JSON.parse(line) as LoggedMetrics
      } catch (cause) {
        throw new WordmaskError('ERR_WORDMASK_IO', `${file}:${i + 1} is not JSON`, { cause })
      }
    })
}

/** Draws loss and, where there are captions, retrieval over the steps, one above the other, as SVG. */
export async function plotMetrics(metrics: string, svg: string): Promise<void> {
  await drawChart(svg, chart(await readMetrics(metrics)))
}

function chart(values: LoggedMetrics[]) {
  const x = { field: 'step', type: 'quantitative', title: 'step' }
  const panel = (height: number, title: string, names: string[], scale: object) => ({
    width: 640,
    height,
    transform: [{ fold: names, as: ['series', 'value'] }],
    // Of one point alone no line can be drawn.
    mark: { type: 'line', strokeWidth: 1.5, point: values.length < 20 },
    encoding: {
      x,
      y: { field: 'value', type: 'quantitative', title, scale },
      color: { field: 'series', type: 'nominal', title: null, scale: { scheme: 'tableau10' } },
    },
  })
  const terms = (['lossClass', 'lossPatch', 'lossClaim'] as const).filter((term) => values.some((line) => line[term] > 0))
  const captions = !values.some((line) => (line.lossView ?? 0) > 0)
  return {
    data: { values },
    background: 'white',
    resolve: { scale: { color: 'independent' } },
    vconcat: [
      panel(220, 'loss', ['loss', ...terms], { zero: false }),
      ...(captions ? [panel(160, 'retrieval in the batch', ['retrieval'], { domain: [0, 1] })] : []),
    ],
  }
}
