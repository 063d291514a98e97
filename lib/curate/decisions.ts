import { readFile } from 'node:fs/promises'
import { isObject } from '../arguments'
import { invalidArgument, WordmaskError } from '../errors'
import { sameName } from '../text/classes'

/** What a person said of an image taken for a class. */
export interface Decision {
  class: string
  id: string
  decision: 'accept' | 'reject'
  /** Set where the image was shown as part of a random sample: only these measure precision. */
  audit?: string
}

/** Decisions by class and image; of several the last holds. */
export class Decisions {
  readonly #classes = new Map<string, Map<string, Decision>>()

  constructor(list: Iterable<Decision> = []) {
    for (const decision of list) {
      const key = sameName(decision.class)
      const ids = this.#classes.get(key) ?? new Map<string, Decision>()
      ids.set(decision.id, decision)
      this.#classes.set(key, ids)
    }
  }

  of(name: string, id: string): Decision | undefined {
    return this.#classes.get(sameName(name))?.get(id)
  }

  /** Ids of a class that were decided so. */
  ids(name: string, decision: Decision['decision']): string[] {
    return [...(this.#classes.get(sameName(name))?.values() ?? [])].filter((one) => one.decision === decision).map(({ id }) => id)
  }

  *[Symbol.iterator](): Iterator<Decision> {
    for (const ids of this.#classes.values()) yield* ids.values()
  }
}

/**
 * Decisions given as a file that review.html saved, several of them in the order in which they were made, or a list.
 * @throws ERR_WORDMASK_FILE_NOT_FOUND; ERR_WORDMASK_INVALID_ARGUMENT naming the line that is no decision
 */
export async function readDecisions(given: string | readonly (string | Decision)[]): Promise<Decisions> {
  if (typeof given !== 'string' && !Array.isArray(given))
    throw invalidArgument('decisions', 'the path of a decisions.jsonl, or a list of paths and decisions', given)
  const all: Decision[] = []
  for (const one of typeof given === 'string' ? [given] : given) {
    if (typeof one !== 'string') all.push(checkDecision(one, 'decisions'))
    else for (const decision of parseDecisions(await textOf(one), one)) all.push(decision)
  }
  return new Decisions(all)
}

/** JSON lines { class, id, decision: 'accept' | 'reject' }; blank lines are skipped. */
export function parseDecisions(text: string, file = 'decisions'): Decision[] {
  return text.split(/\r?\n/).flatMap((line, i) => {
    if (line.trim() === '') return []
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch (cause) {
      throw new WordmaskError('ERR_WORDMASK_INVALID_ARGUMENT', `${file}: line ${i + 1} is not JSON: ${(cause as Error).message}`, { cause })
    }
    return [checkDecision(value, `${file}: line ${i + 1}`)]
  })
}

function checkDecision(value: unknown, where: string): Decision {
  const whole =
    isObject(value) &&
    typeof value.class === 'string' &&
    typeof value.id === 'string' &&
    (value.decision === 'accept' || value.decision === 'reject') &&
    (value.audit === undefined || typeof value.audit === 'string')
  if (!whole) throw invalidArgument(where, '{ class, id, decision: "accept" or "reject" }', value)
  return value as unknown as Decision
}

async function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause) => {
    throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `Cannot read the decisions in ${file}: ${(cause as Error).message}`, { cause })
  })
}
