import { baseName } from '../storage/uri'

/** What is taken from folders and tars. */
export const imageEndings = ['.jpg', '.jpeg', '.png', '.webp', '.tif', '.tiff', '.gif', '.avif']
const listEndings = ['.txt', '.csv', '.tsv', '.jsonl', '.ndjson', '.parquet']

export type ListFormat = 'text' | 'csv' | 'tsv' | 'jsonl' | 'parquet'

/** Lower case, from the last dot of the last component. */
export function endingOf(name: string): string {
  return /\.[^./]*$/.exec(baseName(name))?.[0].toLowerCase() ?? ''
}

export const isImage = (name: string): boolean => imageEndings.includes(endingOf(name))
export const isTar = (name: string): boolean => /\.(tar|tar\.gz|tgz)$/i.test(baseName(name))
export const isGzip = (name: string): boolean => /\.(gz|tgz)$/i.test(baseName(name))
export const isList = (name: string): boolean => listEndings.includes(endingOf(plain(name)))

/** Undefined where the ending says nothing. */
export function listFormat(name: string): ListFormat | undefined {
  const ending = endingOf(plain(name))
  if (ending === '.txt') return 'text'
  if (ending === '.ndjson') return 'jsonl'
  return listEndings.includes(ending) ? (ending.slice(1) as ListFormat) : undefined
}

/** Any part of a path that begins with a dot, but for `.` and `..`. */
export const isHidden = (path: string): boolean => path.split('/').some((part) => /^\.(?!\.?$)/.test(part))

const plain = (name: string) => baseName(name).replace(/\.gz$/i, '')
