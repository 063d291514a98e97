import { invalidArgument } from '../../errors'

const most = 1_000_000

/**
 * What a shell makes of `{000..150}` (padded to the longer of the two numbers, down as well as up) and `{a,b}`, several of them side by side:
 * the last one runs fastest. Braces that are neither stay as they are. Lazy: nothing is collected.
 *
 * @throws ERR_WORDMASK_INVALID_ARGUMENT for more than a million names, or braces within braces
 */
export function* expandBraces(text: string): Generator<string, void, undefined> {
  checkCount(text)
  yield* expanded(text)
}

function* expanded(text: string): Generator<string, void, undefined> {
  const group = nextGroup(text)
  if (group === undefined) return yield text
  const before = text.slice(0, group.start)
  for (const word of words(group)) for (const rest of expanded(text.slice(group.end))) yield `${before}${word}${rest}`
}

type Group = { start: number; end: number; range?: [string, string]; list?: string[] }

function nextGroup(text: string): Group | undefined {
  for (const match of text.matchAll(/\{([^{}]*)\}/g)) {
    const at = { start: match.index, end: match.index + match[0].length }
    const inner = match[1] as string
    const range = /^(\d{1,15})\.\.(\d{1,15})$/.exec(inner)
    if (range) return { ...at, range: [range[1] as string, range[2] as string] }
    if (inner.includes(',')) return { ...at, list: inner.split(',') }
  }
  return undefined
}

function* words({ range, list }: Group): Generator<string, void, undefined> {
  if (list) return yield* list
  const [from, to] = range!
  const padded = /^0\d/.test(from) || /^0\d/.test(to)
  const width = padded ? Math.max(from.length, to.length) : 0
  const [first, last] = [Number(from), Number(to)]
  const step = first <= last ? 1 : -1
  for (let n = first; ; n += step) {
    yield String(n).padStart(width, '0')
    if (n === last) return
  }
}

function checkCount(text: string): void {
  let count = 1
  let rest = text
  for (let group = nextGroup(rest); group; group = nextGroup(rest)) {
    count *= group.list?.length ?? Math.abs(Number(group.range![1]) - Number(group.range![0])) + 1
    rest = rest.slice(group.end)
  }
  if (count > most) throw invalidArgument('braces', `at most ${most} names from braces`, text)
  if (/\{[^{}]*\{/.test(text)) throw invalidArgument('braces', 'braces side by side, not within braces', text)
}
