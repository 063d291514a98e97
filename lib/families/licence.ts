import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { cardOfWeights } from '../cards'
import { openAiLicence } from '../hub/ids'
import { hubSettings } from '../hub/settings'

export interface Licence {
  text: string
  /** Where it is recorded: a card, the file's own metadata, or a file beside it. */
  source: string
}

/** Texts of well-known licences, by a line that each has, as SPDX names. */
const known: [RegExp, string][] = [
  [/^\s*MIT License/im, 'MIT'],
  [/Permission is hereby granted, free of charge/i, 'MIT'],
  [/Apache License\s+Version 2\.0/i, 'Apache-2.0'],
  [/Attribution-NonCommercial 4\.0/i, 'CC-BY-NC-4.0'],
  [/Attribution-NonCommercial-ShareAlike 4\.0/i, 'CC-BY-NC-SA-4.0'],
  [/Attribution 4\.0 International/i, 'CC-BY-4.0'],
  [/GNU GENERAL PUBLIC LICENSE\s+Version 3/i, 'GPL-3.0'],
  [/Redistribution and use in source and binary forms/i, 'BSD'],
]

/** Of a checkpoint: our card, its metadata, else what lies beside it. */
export async function licenceOf(file: string, metadata: Record<string, string>): Promise<Licence | undefined> {
  const path = resolve(file)
  const card = await cardOfWeights(path)
  if (card) return { text: card.licence, source: `card ${card.name}` }
  for (const key of ['licence', 'license']) if (metadata[key]) return { text: metadata[key], source: 'metadata' }
  if (dirname(path) === resolve(hubSettings().openaiCache)) {
    const text = openAiLicence(path)
    if (text !== undefined) return { text, source: 'models/hub.json' }
  }
  return besideIn(dirname(path))
}

/** `license:` in the front matter of README.md, else a licence file: its well-known name, else its first line. */
async function besideIn(folder: string): Promise<Licence | undefined> {
  const names = await readdir(folder).catch(() => [])
  const readme = names.find((name) => /^readme\.md$/i.test(name))
  const front = readme && /^---\r?\n([\s\S]*?)\r?\n---/.exec(await text(join(folder, readme)))?.[1]
  const named = front && /^licen[sc]e:[ \t]*["']?([^\s"'#][^"'#\r\n]*)/m.exec(front)?.[1]?.trim()
  if (named) return { text: named, source: join(folder, readme as string) }
  const file = names.find((name) => /^(?:licen[sc]e|copying)(?:[.-].*)?$/i.test(name))
  if (!file) return undefined
  const content = await text(join(folder, file))
  const spdx = known.find(([pattern]) => pattern.test(content))?.[1]
  const first = content.split('\n').find((line) => line.trim() !== '')
  const words = spdx ?? first?.trim().slice(0, 120)
  return words ? { text: words, source: join(folder, file) } : undefined
}

function text(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '')
}
