import { readFile, stat } from 'node:fs/promises'
import { checkPath, checkString } from '../arguments'
import { WordmaskError } from '../errors'
import { readWhole } from '../image/read'
import { type ClassEntry, type ClassSpec, parseClasses } from './classes'

const maxBytes = 64 * 1024 * 1024

/**
 * Text of a class file: JSON (an array of names or specifications, the first character is `[`), or one class a line:
 * the name, then its synonyms after commas. Blank lines and lines that begin with # are skipped.
 */
export function parseClassText(text: string, file = 'class list'): ClassEntry[] {
  checkString('text', text, 'the text of a class file')
  checkString('file', file)
  const body = text.replace(/^\ufeff/, '')
  return /^\s*[[{]/.test(body) ? parseJson(body, file) : parseLines(body, file)
}

function parseJson(body: string, file: string): ClassEntry[] {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch (cause) {
    throw new WordmaskError('ERR_WORDMASK_CLASSES', `${file} is not valid JSON: ${(cause as Error).message.slice(0, 200)}`, { cause })
  }
  if (!Array.isArray(value)) throw new WordmaskError('ERR_WORDMASK_CLASSES', `${file}: expected an array of classes: [{ "name": "fox" }]`)
  return parseClasses(value, (i) => `${file}: entry ${i + 1}`)
}

function parseLines(body: string, file: string): ClassEntry[] {
  const specs: ClassSpec[] = []
  const lines: number[] = []
  body.split(/\r\n|[\r\n]/).forEach((line, i) => {
    if (line.trim() === '' || line.trimStart().startsWith('#')) return
    const [name, ...synonyms] = line.split(',').map((part) => part.trim())
    if ([name, ...synonyms].includes(''))
      throw new WordmaskError('ERR_WORDMASK_CLASSES', `${file}: line ${i + 1} has an empty name beside a comma`)
    specs.push({ name: name as string, synonyms })
    lines.push(i + 1)
  })
  return parseClasses(specs, (i) => `${file}: line ${lines[i]}`)
}

/** Reads a class file. Throws ERR_WORDMASK_FILE_NOT_FOUND, ERR_WORDMASK_IO or ERR_WORDMASK_CLASSES. */
export async function readClassFile(file: string): Promise<ClassEntry[]> {
  checkPath('file', file)
  let bytes: Buffer
  try {
    const { size } = await stat(file)
    if (size > maxBytes) throw new WordmaskError('ERR_WORDMASK_CLASSES', `${file} is ${size} bytes; a class file holds at most ${maxBytes}`)
    bytes = await readWhole(file)
  } catch (cause) {
    if (cause instanceof WordmaskError) throw cause
    const code = (cause as NodeJS.ErrnoException).code
    if (code === 'ENOENT') throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `The class file is missing: ${file}`, { cause })
    throw new WordmaskError('ERR_WORDMASK_IO', `The class file ${file} cannot be read (${code})`, { cause })
  }
  return parseClassText(decodeUtf8(bytes, file), file)
}

function decodeUtf8(bytes: Buffer, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new WordmaskError('ERR_WORDMASK_CLASSES', `${file} is not UTF-8 text`, { cause })
  }
}

/**
 * What a command line gives: a path to a class file, or names separated by commas. A value without a comma that names an
 * existing file is that file; one that looks like a path and is missing is an error.
 */
export async function classesFromArgument(argument: string): Promise<ClassEntry[]> {
  checkString('argument', argument, 'names or the path of a class file')
  if (argument.trim() === '')
    throw new WordmaskError('ERR_WORDMASK_CLASSES', 'Expected names or the path of a class file but received nothing')
  const found = await stat(argument).catch(() => undefined)
  if (found?.isFile()) return readClassFile(argument)
  // A pipe as a shell makes it of `<(...)`, or /dev/stdin: its end comes with the end of the command behind it.
  if (found && !found.isDirectory()) return parseClassText(decodeUtf8(await readFile(argument), argument), argument)
  if (/[\\/]|\.(txt|json|csv)$/i.test(argument) && !argument.includes(',')) {
    throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `The class file is missing: ${argument}`)
  }
  return parseClasses(argument.split(',').map((name) => name.trim()))
}
