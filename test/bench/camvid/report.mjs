import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'

/** Writes `into`.json and `into`.svg and prints a line a seed and the means. `drawChart` is the package's. */
export async function report({ recipe, runs, into, drawChart }) {
  const { root, ...kept } = recipe
  const rows = runs.map(({ seed, ...both }) => ({
    seed,
    ...Object.fromEntries(['ours', 'pytorch'].map((name) => [name, facts(both[name])])),
  }))
  for (const { seed, ours, pytorch } of rows)
    process.stdout.write(
      `seed ${seed}: ours mIoU ${shown(ours.miou)} in ${seconds(ours)}, PyTorch ${shown(pytorch.miou)} in ${seconds(pytorch)}\n`,
    )
  const means = Object.fromEntries(['ours', 'pytorch'].map((name) => [name, summary(rows.map((row) => row[name].miou))]))
  const ratio = summary(rows.map(({ ours, pytorch }) => pytorch.cpuSeconds / ours.cpuSeconds))
  const said = ({ mean, spread }) => `${mean.toFixed(3)} ± ${spread.toFixed(3)}`
  process.stdout.write(`mIoU ours ${said(means.ours)}, PyTorch ${said(means.pytorch)}; CPU time of PyTorch over ours ${said(ratio)}\n`)
  const machine = { cpu: cpus()[0].model, cores: cpus().length, node: process.version }
  const date = new Date().toISOString().slice(0, 10)
  writeFileSync(`${into}.json`, `${JSON.stringify({ date, machine, recipe: kept, rows, means, ratio }, null, 1)}\n`)
  const values = runs.flatMap(({ seed, ...both }) =>
    ['ours', 'pytorch'].flatMap((name) =>
      both[name].filter(({ miou }) => miou !== undefined).map(({ step, miou }) => ({ step, miou, name, seed: `${seed}` })),
    ),
  )
  await drawChart(`${into}.svg`, {
    ...{ background: 'white', width: 480, height: 280, data: { values }, mark: { type: 'line', point: true, strokeWidth: 1.5 } },
    encoding: {
      x: { field: 'step', type: 'quantitative', title: 'step' },
      y: { field: 'miou', type: 'quantitative', title: 'validation mIoU' },
      color: { field: 'name', type: 'nominal', title: null },
      strokeDash: { field: 'seed', type: 'nominal' },
    },
  })
}

/** Of the last step, which both have; CPU seconds of the training with its validations, and of the process. */
function facts(lines) {
  const last = lines.filter(({ miou }) => miou !== undefined).at(-1)
  const { processCpuSeconds } = lines.find((line) => line.processCpuSeconds !== undefined)
  return { miou: last.miou, accuracy: last.accuracy, iou: last.iou, cpuSeconds: last.cpuSeconds, processCpuSeconds }
}

export function summary(numbers) {
  const mean = numbers.reduce((a, b) => a + b, 0) / numbers.length
  return { mean, spread: Math.sqrt(numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / Math.max(1, numbers.length - 1)) }
}

const shown = (miou) => miou.toFixed(3)
const seconds = ({ cpuSeconds, processCpuSeconds }) => `${cpuSeconds.toFixed(0)} CPU s (process ${processCpuSeconds.toFixed(0)})`
