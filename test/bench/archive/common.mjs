// What the programs of the archive's figures share. Each prints its figures as one line of JSON, the last.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { checkout } from '../harness/folders.mjs'

const load = createRequire(import.meta.url)
export const wordmask = load(join(checkout, 'dist/index.js'))
export const built = (name) => load(join(checkout, 'dist', name))

/** Numbers by name, with defaults. */
export function numbers(defaults) {
  const options = Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, { type: 'string', default: String(value) }]))
  const { values } = parseArgs({ options: { ...options, model: { type: 'string', default: 'scenes' } } })
  return { ...Object.fromEntries(Object.keys(defaults).map((name) => [name, Number(values[name])])), model: values.model }
}

/** A folder below build/ (a disk, not memory) that goes away with the process. */
export function scratch(name) {
  const folder = mkdtempSync(join(checkout, 'build', `bench-${name}-`))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/**
 * Resident memory, in MiB: `own` is this process's (anonymous), `all` counts pages of mapped files too (the vectors; weights), which the kernel takes
 * back when others need the room.
 */
export function resident() {
  const status = readFileSync('/proc/self/status', 'utf8')
  const of = (field) => Number(new RegExp(`^${field}:\\s*(\\d+)`, 'm').exec(status)[1]) / 1024
  return { own: of('RssAnon'), all: of('VmRSS') }
}

/** Seconds that `work` takes, and the most resident memory meanwhile, in MiB. */
export async function timed(work) {
  const peak = resident()
  const look = () => {
    const now = resident()
    for (const kind of ['own', 'all']) peak[kind] = Math.max(peak[kind], now[kind])
  }
  const timer = setInterval(look, 20)
  const began = performance.now()
  try {
    const result = await work()
    const seconds = (performance.now() - began) / 1000
    look()
    return { result, seconds, peak }
  } finally {
    clearInterval(timer)
  }
}

/** What a peak adds to what was there. */
export const above = (peak, base) => ({ own: Math.round(peak.own - base.own), all: Math.round(peak.all - base.all) })

/** Median of `times` calls, in milliseconds, after one that warms up. */
export async function medianMs(times, work) {
  await work()
  const all = []
  for (let i = 0; i < times; i++) all.push((await timed(work)).seconds * 1000)
  return all.sort((a, b) => a - b)[times >> 1]
}

export async function bytesBelow(folder) {
  let bytes = 0
  for (const name of await readdir(folder, { recursive: true })) {
    const found = await stat(join(folder, name)).catch(() => undefined)
    if (found?.isFile()) bytes += found.size
  }
  return bytes
}

/** Numbers in [0, 1) that are the same everywhere (mulberry32). */
export function seeded(seed) {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

export const tell = (figures) => process.stdout.write(`${JSON.stringify(figures)}\n`)
