import { describe, expect, test } from 'vitest'
import { fitted } from '../../lib/cli/help-text.js'
import { wordmask } from './cli.js'

describe('help for a terminal', () => {
  test('what fits stays as it is', () => {
    const text = 'Usage: x\n\n  a  b c\n\nExamples:\n  wordmask x\n'
    expect(fitted(text, 20)).toBe(text)
  })
  test('a paragraph is broken anew, a table goes on below its explanation, a command stays whole', () => {
    const text = [
      'One sentence that is',
      'wide and goes on here.',
      '',
      '  --flag <n>  some words that explain it',
      '  wordmask segment photos --classes fox',
      '      --into out --write labels,overlay',
    ]
    const broken = text.flatMap((line, i) => (i === 3 ? ['  --flag <n>  some', '    words that explain', '    it'] : [line]))
    expect(fitted(text.join('\n'), 22).split('\n')).toEqual(broken)
    expect(fitted(text[3]!, 36).split('\n')).toEqual(['  --flag <n>  some words that', '              explain it'])
    expect(fitted(text.slice(0, 2).join('\n'), 18)).toBe('One sentence that\nis wide and goes\non here.')
  })
  test('a word that is wider than the terminal is left whole', () => {
    expect(fitted('see https://example.org/a/long/way now', 10)).toBe('see\nhttps://example.org/a/long/way\nnow')
    expect(fitted('  x  https://example.org/a/long/way', 10)).toBe('  x\n    https://example.org/a/long/way')
  })
  test.each(['segment', 'specialist', 'eval', 'pseudo-label'])(
    '%s --help fits 80 columns, commands aside, and loses no word',
    async (command) => {
      const { stdout } = await wordmask([command, '--help'])
      const text = fitted(stdout, 80)
      const words = (help: string) => help.split(/\s+/).filter((word) => word !== '')
      expect(words(text)).toEqual(words(stdout))
      expect(text.split('\n').filter((line) => line.length > 80 && !/^ {2}wordmask |^ {4,}-|^ *\S+$/.test(line))).toEqual([])
    },
  )
})
