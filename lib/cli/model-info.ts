import { existsSync } from 'node:fs'
import path from 'node:path'
import { describeCheckpoint } from '../families'
import { indexFile, readIndex, type SavedSegmenter } from '../segmenter/saved'
import type { Context } from './program'
import { quoted, speak } from './terminal'

const labelWidth = 14
const lineWidth = 110

export async function showModel(model: string, json: boolean, context: Context): Promise<void> {
  const segmenter = await savedSegmenter(model)
  if (segmenter !== undefined) return showSegmenter(model, segmenter, json)
  const found = await describeCheckpoint(model, { signal: context.interrupt.stop })
  const { files, format, family, title, note, architecture, tensors, parameters, dtypes, words, licence } = found
  const lines: [string, string | undefined][] = [
    ['family', `${title} (${family})`],
    ['note', note],
    ['architecture', architecture && describe(architecture)],
    ['parameters', `${millions(parameters)} in ${tensors} tensors`],
    ['stored as', Object.keys(dtypes).join(', ')],
    ['words', words && `${words.length} words and endings of words; it reads no others:\n${wrapped(words)}`],
    ['licence', licence === undefined ? 'not recorded: find out before you use it' : `${licence.text} (${licence.source})`],
    ['format', format],
    ['files', files.join('\n')],
  ]
  const indent = `\n${' '.repeat(labelWidth)}`
  const text = lines.flatMap(([label, value]) =>
    value === undefined ? [] : `${label.padEnd(labelWidth)}${value.replaceAll('\n', indent)}`.trimEnd(),
  )
  speak(json, { event: 'model', ...found }, text.join('\n'))
}

/** One whose weights are elsewhere: of a trained network the folder's own tell more. */
async function savedSegmenter(folder: string): Promise<SavedSegmenter | undefined> {
  if (!existsSync(path.join(folder, indexFile))) return undefined
  const saved = await readIndex(folder).catch(() => undefined)
  return saved?.method === 'deeplabv3plus' ? undefined : saved
}

function showSegmenter(folder: string, { method, defaults, own }: SavedSegmenter, json: boolean): void {
  const classes = defaults.classes?.map(({ name }) => name) ?? []
  const models = [own.clip, own.encoder].flatMap((one) => (one as { load?: string } | null | undefined)?.load ?? [])
  const lines = [
    ['family', `saved segmenter (${method})`],
    ['note', `It runs as a whole: wordmask segment --model ${quoted(folder)} IMAGES`],
    ['classes', classes.join(', ') || 'named in the call'],
    ['models', [...new Set(models)].join(', ')],
    ['licence', 'that of its models: wordmask model info MODEL'],
  ] as const
  const text = lines.map(([label, value]) => `${label.padEnd(labelWidth)}${value}`).join('\n')
  speak(json, { event: 'segmenter', folder, method, classes, models }, text)
}

const millions = (count: number) => (count < 1e6 ? String(count) : `${(count / 1e6).toFixed(1)} M`)

function wrapped(words: string[]): string {
  const lines = ['']
  for (const word of words) {
    const line = lines.at(-1)!
    if (labelWidth + line.length + word.length + 1 > lineWidth) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines.join('\n')
}

function describe(value: object): string {
  return Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .map(([key, inner]) => `${key} ${typeof inner === 'object' ? JSON.stringify(inner) : inner}`)
    .join(', ')
}
