import { describe, expect, test } from 'vitest'
import { clean } from '../../lib/text/clean'
import { unescapeClosedHtml } from '../../lib/text/html'
import { mergePairs } from '../../lib/text/merge'
import { endOfText, Tokenizer } from '../../lib/text/tokenizer'

const tokenizer = await Tokenizer.load()

/** Numbers from a seed, as everywhere in these tests. */
function random(seed: number) {
  let state = seed
  return (n: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
}

describe('mergePairs', () => {
  test('by hand: the lowest rank first, of overlapping pairs the left one, joined ids again', () => {
    const join = (left: number, right: number) =>
      new Map([
        ['0,0', 10],
        ['1,2', 11],
        ['10,1', 12],
        ['11,11', 13],
      ]).get(`${left},${right}`)
    expect(mergePairs([0, 0, 0], join)).toEqual([10, 0])
    expect(mergePairs([0, 0, 1, 2], join)).toEqual([10, 11])
    expect(mergePairs([1, 2, 1, 2], join)).toEqual([13])
    expect(mergePairs([0, 0, 1, 0], join)).toEqual([12, 0])
    expect([mergePairs([], join), mergePairs([7], join)]).toEqual([[], [7]])
  })

  test('as the plain rule, all pairs of the lowest rank at a time, on 2,000 random words and merges', () => {
    for (let seed = 1; seed <= 2000; seed++) {
      const next = random(seed)
      const merges = new Map<string, number>()
      for (let id = 4; id < 14; id++) {
        const pair = `${next(id)},${next(id)}`
        if (!merges.has(pair)) merges.set(pair, id)
      }
      const join = (left: number, right: number) => merges.get(`${left},${right}`)
      const word = Array.from({ length: next(30) }, () => next(4))
      let plain = word
      for (;;) {
        const best = Math.min(...plain.slice(1).map((id, i) => join(plain[i]!, id) ?? Number.POSITIVE_INFINITY))
        if (best === Number.POSITIVE_INFINITY) break
        const joined: number[] = []
        for (let i = 0; i < plain.length; i++) {
          const both = i + 1 < plain.length && join(plain[i]!, plain[i + 1]!) === best
          joined.push(both ? best : plain[i]!)
          if (both) i++
        }
        plain = joined
      }
      expect(mergePairs(word, join)).toEqual(plain)
    }
  })
})

describe('references escaped over and over', () => {
  test.each([
    ['&amp;amp;amp;', '&'],
    ['&amp;amp;lt;b&amp;gt;', '<b>'],
    ['&#38;#38;#x26;amp;eacute;!', 'é!'],
    ['&amp;&amp;&amp;', '&&&'],
    ['a&amp', 'a&amp'],
    ['&amp;nosuch; &#38;#59;', '&nosuch; &#59;'],
    ['&', '&'],
    ['x & y; z', 'x & y; z'],
  ])('%j -> %j', (text, expected) => {
    expect(unescapeClosedHtml(text)).toBe(expected)
  })
})

/** Texts of 200,000 characters that make a careless loop take the square of it. */
const letters = random(3)
const long: [string, string][] = [
  ['one letter', 'x'.repeat(200_000)],
  ['random letters without a space', Array.from({ length: 200_000 }, () => String.fromCharCode(97 + letters(26))).join('')],
  ['characters of three bytes', '漢'.repeat(200_000)],
  ['an ampersand escaped 50,000 times', `&${'amp;'.repeat(50_000)}`],
  ['the same by numbers', `&${'#38;'.repeat(50_000)}`],
  ['ampersands', '&'.repeat(200_000)],
  ['brackets', '<'.repeat(200_000)],
  ['escape sequences inside each other', '\x1b'.repeat(60_000) + '[m'.repeat(60_000)],
  ['white space', ' \t\u3000'.repeat(66_000)],
  ['broken UTF-8', 'Ã©'.repeat(100_000)],
  [
    'UTF-8 broken six times',
    Array.from({ length: 6 }).reduce<string>((text) => Buffer.from(text, 'utf8').toString('latin1'), 'é'.repeat(500)),
  ],
  ['lines', 'a\n'.repeat(100_000)],
]
describe('200,000 characters take bounded time', () => {
  test.each(long)('%s', (_, text) => {
    const began = performance.now()
    const { data } = tokenizer.tokenize([text])
    expect(data).toHaveLength(77)
    expect([...data]).toContain(endOfText)
    expect(tokenizer.length(text)).toBeGreaterThan(1)
    expect(performance.now() - began).toBeLessThan(6000)
  })
  test('an ampersand escaped 50,000 times is an ampersand', () => {
    expect(clean(`fish &${'amp;'.repeat(50_000)} chips`)).toBe('fish & chips')
  })
})
