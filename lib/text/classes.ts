import { isObject } from '../arguments'
import { invalidArgument, WordmaskError } from '../errors'
import { type Color, parseColor, vocColor } from './colors'

/** One class as it may be given; a bare string is a name. */
export interface ClassSpec {
  /** What is looked for and shown, unique (case and spacing aside). */
  name: string
  /** Other words for the same thing; their prompts count like the name's. */
  synonyms?: readonly string[]
  /** Prompts that replace template x names; `{}` in them stands for the name. */
  prompts?: readonly string[]
  /** Names of what it is often taken for; they join the background names, so `background: { names }` is needed. */
  negatives?: readonly string[]
  /** Category id in COCO files, 1 or more; default: position + 1. */
  id?: number
  /** Colour in overlays and label maps, '#rrggbb' or [r, g, b]; default: the VOC colour map. */
  color?: string | readonly [number, number, number]
}

/** A class after checking, with every default filled in. */
export interface ClassEntry {
  readonly name: string
  readonly synonyms: readonly string[]
  readonly prompts: readonly string[] | undefined
  readonly negatives: readonly string[]
  readonly id: number
  readonly color: Color
}

/** Label values end at 65,534 (65,535 is ignore) and 0 may be background. */
export const maxClasses = 65_534

function bad(message: string): WordmaskError {
  return new WordmaskError('ERR_WORDMASK_CLASSES', message)
}

/** Two spellings of one name: case and white space do not tell names apart. */
export function sameName(name: string): string {
  return name.trim().replace(/\s+/gu, ' ').toLowerCase()
}

/**
 * Checks a list of names or specifications. Throws ERR_WORDMASK_CLASSES for an empty list, an empty or repeated name, a
 * repeated id, more than 65,534 classes, or anything that is neither a string nor a specification. `where` names entry i.
 */
export function parseClasses(
  classes: readonly (string | ClassSpec)[],
  where: (i: number) => string = (i) => `classes[${i}]`,
): ClassEntry[] {
  if (typeof where !== 'function') throw invalidArgument('where', 'a function', where)
  if (!Array.isArray(classes)) throw bad('Expected classes to be an array of names. For a file use readClassFile(path).')
  if (classes.length === 0) throw bad('The class list is empty: name at least one class')
  if (classes.length > maxClasses)
    throw bad(`${classes.length} classes are more than the ${maxClasses} that a 16-bit label map holds. Split the list.`)
  const owner = new Map<string, number>()
  const ids = new Map<number, number>()
  return Array.from(classes as readonly unknown[], (input, i) => {
    const entry = parseEntry(input, i, where(i))
    for (const name of [entry.name, ...entry.synonyms]) {
      const other = owner.get(sameName(name))
      if (other !== undefined)
        throw bad(`${where(i)} repeats the name ${JSON.stringify(name)} of ${where(other)}. Names and synonyms must be unique.`)
      owner.set(sameName(name), i)
    }
    const other = ids.get(entry.id)
    if (other !== undefined)
      throw bad(`${where(i)} repeats the id ${entry.id} of ${where(other)}. Give every class an id of its own, or none any.`)
    ids.set(entry.id, i)
    return entry
  })
}

/** What parseClasses gives, asked of callers from JavaScript. @throws ERR_WORDMASK_INVALID_ARGUMENT */
export function checkEntries(classes: unknown): asserts classes is readonly ClassEntry[] {
  if (!Array.isArray(classes)) throw invalidArgument('classes', 'an array of what parseClasses returns', classes)
  for (let i = 0; i < classes.length; i++) {
    const entry: unknown = classes[i]
    const whole =
      isObject(entry) &&
      typeof entry.name === 'string' &&
      Number.isSafeInteger(entry.id) &&
      Array.isArray(entry.synonyms) &&
      parseColor(entry.color) !== undefined
    if (!whole) throw invalidArgument(`classes[${i}]`, 'a class as parseClasses returns it', entry)
  }
}

const keys = ['name', 'synonyms', 'prompts', 'negatives', 'id', 'color']

function parseEntry(input: unknown, i: number, at: string): ClassEntry {
  if (typeof input === 'string') {
    return { name: checkName(input, at), synonyms: [], prompts: undefined, negatives: [], id: i + 1, color: vocColor(i + 1) }
  }
  if (typeof input !== 'object' || input === null || Array.isArray(input)) throw bad(`${at}: expected a name or { ${keys.join(', ')} }`)
  const spec = input as Record<string, unknown>
  const unknown = Object.keys(spec).find((key) => !keys.includes(key))
  if (unknown !== undefined) throw bad(`${at}: unknown key ${JSON.stringify(unknown.slice(0, 60))}; known are ${keys.join(', ')}`)
  const name = checkName(spec.name, at)
  const synonyms = checkNames(spec.synonyms, `${at}.synonyms`)
  const prompts = spec.prompts === undefined ? undefined : checkNames(spec.prompts, `${at}.prompts`)
  if (prompts?.length === 0) throw bad(`${at}.prompts is empty: leave it out to use the templates`)
  return {
    name,
    synonyms: [...new Map(synonyms.map((synonym) => [sameName(synonym), synonym])).entries()]
      .filter(([key]) => key !== sameName(name))
      .map(([, synonym]) => synonym),
    prompts,
    negatives: checkNames(spec.negatives, `${at}.negatives`),
    id: checkId(spec.id, i, at),
    color: checkColor(spec.color, i, at),
  }
}

function checkName(name: unknown, at: string): string {
  if (typeof name !== 'string') throw bad(`${at}: expected a name, a string`)
  const trimmed = name.trim()
  if (trimmed === '') throw bad(`${at}: the name is empty`)
  if (/\p{Cc}/u.test(trimmed)) throw bad(`${at}: the name ${JSON.stringify(trimmed.slice(0, 60))} holds a control character`)
  return trimmed
}

function checkNames(names: unknown, at: string): string[] {
  if (names === undefined) return []
  if (!Array.isArray(names)) throw bad(`${at}: expected an array of strings`)
  return Array.from(names, (name, i) => checkName(name, `${at}[${i}]`))
}

function checkId(id: unknown, i: number, at: string): number {
  if (id === undefined) return i + 1
  if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 1) throw bad(`${at}.id: expected an integer of 1 or more`)
  return id
}

function checkColor(color: unknown, i: number, at: string): Color {
  if (color === undefined) return vocColor(i + 1)
  const parsed = parseColor(color)
  if (!parsed) throw bad(`${at}.color: expected '#rrggbb' or [r, g, b] with integers of 0..255`)
  return parsed
}
