import path from 'node:path'
import { styleText } from 'node:util'

/** Colour only where a person looks: a terminal, and not with NO_COLOR. */
export function dim(text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return stream.isTTY && !process.env.NO_COLOR ? styleText('dim', text) : text
}

/** Columns aligned by width; numbers (strings that start with a digit, '.' or '-') to the right. */
export function table(head: string[], rows: string[][]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)))
  const right = head.map((_, i) => rows.length > 0 && rows.every((row) => /^([-.]?\d|-$)/.test(row[i]!)))
  const line = (cells: string[]) =>
    cells
      .map((cell, i) => (right[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd()
  return [dim(line(head)), ...rows.map(line)].join('\n')
}

export const percent = (share: number) => `${(100 * share).toFixed(1)}%`
export const figure = (value: number) => (Number.isNaN(value) ? '-' : value.toFixed(3).replace(/^0/, ''))
export const seconds = (ms: number) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`)

export interface Progress {
  /** `total` where it becomes known, or changes, on the way. */
  step(done: number, total?: number): void
  /** Takes the bar away; the next step draws it again. */
  stop(): void
}

/** A bar on stderr where stderr is a terminal and the output is not JSON; otherwise silent. */
export async function progress(label: string, total: number, json: boolean): Promise<Progress> {
  if (!process.stderr.isTTY || json) return { step() {}, stop() {} }
  const { SingleBar, Presets } = await import('cli-progress')
  const bar = new SingleBar(
    {
      format: `${label} {bar} {percentage}%  {value}/{total}  {eta_formatted}`,
      formatTime: timeLeft,
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      forceRedraw: true,
    },
    Presets.rect,
  )
  let started = false
  return {
    step: (done, known) => {
      if (!started) bar.start(known ?? total, done)
      started = true
      // Where the total is not known, or more has come since.
      bar.setTotal(known ?? Math.max(total, done))
      bar.update(done)
    },
    stop: () => {
      if (started) bar.stop()
      started = false
    },
  }
}

/** As a person would type it: relative below this folder, else absolute. */
export function shownPath(file: string): string {
  const relative = path.relative('.', file)
  return relative.startsWith('..') ? file : relative || '.'
}

/** A word as a shell takes it. */
export const quoted = (word: string): string => (/^[\w./:@=,+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)

/** The time a bar has still to go; nothing before it can be told (cli-progress then gives a word). */
export function timeLeft(seconds: number | string): string {
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) return ''
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)]
  if (hours > 0) return `${hours} h ${minutes} min left`
  return minutes > 0 ? `${minutes} min left` : `${Math.round(seconds)} s left`
}

/** Writes one line of text, or one JSON event; the only way commands speak on stdout. */
export function speak(json: boolean, event: Record<string, unknown>, text: string | undefined): void {
  if (json) process.stdout.write(`${JSON.stringify(event)}\n`)
  else if (text !== undefined) process.stdout.write(`${text}\n`)
}

/** On stderr: an image that is left out, and why. Most messages name the file themselves. */
export function sayRejected(file: string, message: string): void {
  process.stderr.write(`rejected: ${message.includes(file) ? '' : `${file}: `}${message}\n`)
}
