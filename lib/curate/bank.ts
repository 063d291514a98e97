import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { modelsFolder } from '../folders'
import { type ClassEntry, sameName } from '../text/classes'
import { sample } from './random'
import type { ClassText } from './source'

/** Templates that tell whether a name is present: hundreds of names in 80 templates each would take minutes. */
const mostTemplates = 4

/** Null names wanted. */
const wantedNulls = 256

/** Names of everyday things (models/vocab/things.txt), less those of the classes themselves and their synonyms. */
export function bankOf(classes: readonly ClassEntry[]): ClassText[] {
  const own = new Set(classes.flatMap(({ name, synonyms }) => [name, ...synonyms]).map(sameName))
  return things()
    .filter((name) => !own.has(sameName(name)))
    .map(named)
}

/**
 * Names that mean nothing in particular: random words of the model's own vocabulary, less every word that a class or the bank has, be it
 * one thing or many of it ("foxes"). Of a small vocabulary all that are left, and then pairs of them.
 */
export function nullNames(words: readonly string[], classes: readonly ClassEntry[]): ClassText[] {
  const known = classes.flatMap(({ name, synonyms, prompts = [], negatives }) => [name, ...synonyms, ...prompts, ...negatives])
  const taken = new Set([...known, ...things()].flatMap((text) => sameName(text).split(/[^\p{L}\p{N}]+/u)).flatMap(numbers))
  const free = words.filter((word) => !numbers(sameName(word)).some((form) => taken.has(form)))
  const drawn = sample(free.length, wantedNulls, 0).map((i) => free[i]!)
  for (let i = 0; drawn.length < Math.min(wantedNulls, 4 * free.length); i++) {
    const [a, b] = sample(free.length, 2, i + 1)
    if (b === undefined) break
    drawn.push(`${free[a!]} ${free[b]}`)
  }
  return [...new Set(drawn)].map(named)
}

/** A word, and what it may be the plural of in English: of two words that are one thing and many of it these have one in common. */
function numbers(word: string): string[] {
  const forms = [word]
  for (const [many, one] of [['ies', 'y'], ['ves', 'f'], ['es', ''], ['s', '']] as const) // biome-ignore format: a table
    if (word.endsWith(many) && word.length > many.length + 1) forms.push(word.slice(0, -many.length) + one)
  return forms
}

const named = (name: string): ClassText => ({ name, synonyms: [], prompts: undefined })

function things(): string[] {
  const lines = readFileSync(join(modelsFolder, 'vocab', 'things.txt'), 'utf8').split('\n')
  return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'))
}

/** The list itself where it is short, else some of it, evenly spaced. */
export function fewTemplates(all: readonly string[]): readonly string[] {
  return all.length <= mostTemplates
    ? all
    : Array.from({ length: mostTemplates }, (_, i) => all[Math.floor((i * all.length) / mostTemplates)]!)
}
