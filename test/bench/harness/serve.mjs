// The program's half of protocol.mjs in Node: `await serve(prepare)`; the arguments of the case are the one JSON argument.
import { readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const shown = 4096

/** @param values any list of numbers @returns at most 4096 of them, evenly spaced */
export function evenly(values, count = Math.min(values.length, shown)) {
  return Array.from({ length: count }, (_, i) => Number(values[Math.floor((i * values.length) / count)]))
}

function memory() {
  const status = readFileSync('/proc/self/status', 'utf8')
  const bytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) * 1024
  return { resident: bytes('VmRSS'), peak: bytes('VmHWM') }
}

/** Calls until both `seconds` have passed and `atLeast` samples are there. */
export async function turn(sample, seconds, atLeast) {
  const samples = []
  const until = performance.now() + seconds * 1000
  while (samples.length < atLeast || performance.now() < until) samples.push(await sample())
  return samples
}

async function timed(run) {
  const began = performance.now()
  await run()
  return (performance.now() - began) / 1000
}

/**
 * @param prepare (arguments) -> { run, versions, threads, note?, measure?, dispose? }. `run` resolves with { data, shape }, to be
 *   compared; `measure`, where a call's time is not what is measured, resolves with the sample itself.
 */
export async function serve(prepare) {
  const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`)
  try {
    const { run, measure, versions, threads, note, dispose } = await prepare(JSON.parse(process.argv[2] ?? '{}'))
    const sample = measure ?? (() => timed(run))
    const answers = {
      memory: ({ reset }) => {
        const now = memory()
        if (reset) writeFileSync('/proc/self/clear_refs', '5')
        return now
      },
      turn: async ({ seconds, atLeast }) => ({ samples: await turn(sample, seconds, atLeast) }),
      output: async () => {
        const { data, shape } = await run()
        return { values: evenly(data), shape }
      },
    }
    say({ event: 'ready', versions: { node: process.version, ...versions }, threads, note })
    for await (const line of createInterface({ input: process.stdin })) {
      const request = JSON.parse(line)
      if (request.do === 'stop') break
      if (!Object.hasOwn(answers, request.do)) throw new Error(`expected memory, turn, output or stop but received '${request.do}'`)
      say({ event: request.do, ...(await answers[request.do](request)) })
    }
    await dispose?.()
  } catch (error) {
    say({ event: 'error', message: error?.stack ?? String(error) })
    process.exitCode = 1
  }
}
