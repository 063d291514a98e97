import { WordmaskError } from '../errors'
import type { Background } from '../segmenter/options'
import { classesFromArgument } from '../text/class-file'
import { type ClassEntry, type ClassSpec, parseClasses, sameName } from '../text/classes'
import { type Dataset, ignored } from './datasets/types'

/** What a model is asked on a data set, and what its answers mean there. */
export interface Question {
  classes: ClassEntry[]
  background: Background | undefined
  /** Class index of every label an answer can hold; `ignored` = no answer. */
  table: Uint16Array
  /** Whose spellings the names are: 'own', a set of the data set, or the argument given. */
  names: string
  notes: string[]
}

/**
 * @param names a name set of the data set, a class file, or names: one a class asked for; on a set with a background also one
 *   more, whose first line holds the names that stand for the background
 * @param background the rule asked for; a set with a background whose names have none competes with the word "background"
 */
export async function askOf(dataset: Dataset, names: string | undefined, background: Background | undefined): Promise<Question> {
  const notes: string[] = []
  const own = names === undefined || names === 'own' ? dataset.asked : dataset.nameSets[names]
  if (own !== undefined) {
    const classes = parseClasses(withoutRepeats(own, notes))
    return answerable(dataset, classes, dataset.askedClass, background ?? defaultRule(dataset), names ?? 'own', notes)
  }
  const given = await classesFromArgument(names as string)
  const wanted = dataset.asked.length
  const first = dataset.background && given.length === wanted + 1 ? (given[0] as ClassEntry) : undefined
  const asked = first ? given.slice(1) : given
  const index =
    asked.length === wanted ? dataset.askedClass : asked.length === dataset.classes.length ? dataset.classes.map((_, i) => i) : undefined
  if (index === undefined) {
    const others = [...(dataset.background ? [wanted + 1] : []), ...(dataset.classes.length === wanted ? [] : [dataset.classes.length])]
    const sets = Object.keys(dataset.nameSets)
    throw new WordmaskError(
      'ERR_WORDMASK_CLASSES',
      `--names holds ${given.length} names, but ${dataset.title} asks for ${[wanted, ...new Set(others)].join(' or ')}${sets.length > 0 ? `. It also knows the sets ${sets.join(', ')}` : ''}`,
    )
  }
  const own_ = first && { names: [first.name, ...first.synonyms] }
  return answerable(dataset, asked, index, background ?? own_ ?? defaultRule(dataset), names as string, notes)
}

const defaultRule = ({ background }: Dataset): Background | undefined => (background ? { names: ['background'] } : undefined)

/** What an answer's labels mean, when these classes were asked for with this background. */
export function answerable(
  dataset: Dataset,
  classes: ClassEntry[],
  index: readonly number[],
  background: Background | undefined,
  names: string,
  notes: string[] = [],
): Question {
  const first = background ? [dataset.background ? 0 : ignored] : []
  return { classes, background, table: Uint16Array.from([...first, ...index]), names, notes }
}

/**
 * Comma lists to specifications. A synonym that is another class's name or synonym could mean either and is left out, which
 * `notes` tells.
 */
function withoutRepeats(lines: readonly string[], notes: string[]): ClassSpec[] {
  const words = lines.map((line) => line.split(',').map((word) => word.trim()))
  const taken = new Set(words.map(([name]) => sameName(name as string)))
  const dropped: string[] = []
  const specs = words.map(([name, ...synonyms]) => ({
    name: name as string,
    synonyms: synonyms.filter((synonym) => {
      if (taken.has(sameName(synonym))) {
        if (sameName(synonym) !== sameName(name as string)) dropped.push(`${synonym} of ${name}`)
        return false
      }
      taken.add(sameName(synonym))
      return true
    }),
  }))
  if (dropped.length > 0) notes.push(`Synonyms that another class has too are left out: ${dropped.join(', ')}`)
  return specs
}

/** Whether two lists name the same things in the same order. */
export function sameNames(a: readonly { name: string }[], b: readonly { name: string }[]): boolean {
  return a.length === b.length && a.every(({ name }, i) => sameName(name) === sameName((b[i] as { name: string }).name))
}
