import { describeCheckpoint } from '../families'
import type { Context } from './program'
import { speak } from './terminal'

export async function showModel(model: string, json: boolean, context: Context): Promise<void> {
  const found = await describeCheckpoint(model, { signal: context.interrupt.stop })
  const { files, format, family, title, note, architecture, tensors, parameters, dtypes, licence } = found
  const lines: [string, string | undefined][] = [
    ['family', `${title} (${family})`],
    ['note', note],
    ['architecture', architecture && describe(architecture)],
    ['parameters', `${millions(parameters)} in ${tensors} tensors`],
    ['stored as', Object.keys(dtypes).join(', ')],
    ['licence', licence === undefined ? 'not recorded: find out before you use it' : `${licence.text} (${licence.source})`],
    ['format', format],
    ['files', files.join('\n              ')],
  ]
  const text = lines.filter(([, value]) => value !== undefined).map(([label, value]) => `${label.padEnd(14)}${value}`)
  speak(json, { event: 'model', ...found }, text.join('\n'))
}

const millions = (count: number) => (count < 1e6 ? String(count) : `${(count / 1e6).toFixed(1)} M`)

function describe(value: object): string {
  return Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .map(([key, inner]) => `${key} ${typeof inner === 'object' ? JSON.stringify(inner) : inner}`)
    .join(', ')
}
