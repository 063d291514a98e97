import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { clean } from '../../lib/text/clean'
import { unescapeHtml } from '../../lib/text/html'
import { endOfText, startOfText, Tokenizer } from '../../lib/text/tokenizer'

const tokenizer = await Tokenizer.load()

describe('ids are those of open_clip', () => {
  test.each([
    ['a photo of a cat', [320, 1125, 539, 320, 2368]],
    ['a diagram', [320, 22697]],
    ['', []],
    ['hello world', [3306, 1002]],
    ["don't", [847, 713]],
    ['2024', [273, 271, 273, 275]],
  ])('%j', (text, ids) => {
    expect(tokenizer.encode(text)).toEqual(ids)
  })

  test('special marks written in the text become the marks, in any case', () => {
    expect(tokenizer.encode('<start_of_text> dog <END_OF_TEXT>')).toEqual([startOfText, ...tokenizer.encode('dog'), endOfText])
  })

  test('a word of bytes outside ASCII decodes to itself', () => {
    for (const text of ['naïve café', '日本語', 'привет мир', '🦊 fox']) {
      expect(tokenizer.decode(tokenizer.encode(text)).replaceAll(' ', '')).toBe(text.replaceAll(' ', ''))
    }
  })
})

describe('golden rows of open_clip', () => {
  const golden: { version: number; context: number; rows: [string, number[]][]; mojibake: [string, number[]][] } = JSON.parse(
    gunzipSync(readFileSync(new URL('../fixtures/golden/tokens.json.gz', import.meta.url))).toString('utf8'),
  )
  const row = (text: string) => {
    const { data } = tokenizer.tokenize([text], golden.context)
    return [...data.subarray(0, data.lastIndexOf(endOfText) + 1)]
  }

  test('10,000 strings: every id', () => {
    expect(golden.version).toBe(1)
    expect(golden.rows).toHaveLength(10_000)
    const wrong = golden.rows.filter(([text, ids]) => row(text).join() !== ids.join())
    expect(wrong.map(([text]) => text)).toEqual([])
  })

  test('UTF-8 read as Windows-1252: at least 90% as ftfy repairs it', () => {
    const wrong = golden.mojibake.filter(([text, ids]) => row(text).join() !== ids.join())
    const share = 1 - wrong.length / golden.mojibake.length
    console.log(
      `broken UTF-8: ${golden.mojibake.length - wrong.length} of ${golden.mojibake.length} as the reference; differing: ${JSON.stringify(wrong.map(([text]) => text))}`,
    )
    expect(share).toBeGreaterThan(0.9)
  })
})

describe('tokenize', () => {
  test('start, ids, end, zeros', () => {
    const { data, shape } = tokenizer.tokenize(['a cat', ''], 6)
    expect(shape).toEqual([2, 6])
    expect([...data]).toEqual([startOfText, 320, 2368, endOfText, 0, 0, startOfText, endOfText, 0, 0, 0, 0])
  })

  test('exactly full, one too long, 500 words: the end mark is last', () => {
    const word = tokenizer.encode('cat')[0]
    expect([...tokenizer.tokenize(['cat cat'], 4).data]).toEqual([startOfText, word, word, endOfText])
    expect([...tokenizer.tokenize(['cat cat cat'], 4).data]).toEqual([startOfText, word, word, endOfText])
    const long = tokenizer.tokenize(['word '.repeat(500)]).data
    expect(long).toHaveLength(77)
    expect([long[0], long[75], long[76]]).toEqual([startOfText, tokenizer.encode('word')[0], endOfText])
    expect(tokenizer.length('word '.repeat(500))).toBe(502)
  })

  test('no texts give an empty tensor; what is not a string is named', () => {
    expect(tokenizer.tokenize([]).shape).toEqual([0, 77])
    expect(() => tokenizer.tokenize(['a', 3 as unknown as string])).toThrow(
      expect.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /texts\[1\]/),
    )
    expect(() => tokenizer.tokenize(['a'], 1)).toThrow(expect.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /contextLength/))
  })

  test('a word of 100,000 letters is encoded in bounded time', () => {
    expect(tokenizer.tokenize(['x'.repeat(100_000)]).data[76]).toBe(endOfText)
  })
})

describe('clean', () => {
  test.each([
    ['“Curly” ‘quotes’ ʼ', "\"curly\" 'quotes' '"],
    ['ﬁne ﬂow ﬃ', 'fine flow ffi'],
    ['ＬＯＵＤ　ＮＯＩＳＥ', 'loud noise'],
    ['ｱ ﾊﾝｶｸ', 'ア ハンカク'],
    ['cafe\u0301', 'café'],
    ['a\u0000b\u0007c\ufeff', 'abc'],
    ['\u001b[31mred\u001b[0m', 'red'],
    ['a\u001cb\u0085c\u00a0d\u3000e\r\nf', 'ab…c d e f'],
    ['lone \ud800 surrogate', 'lone \ufffd surrogate'],
    ['&amp;lt;b&amp;gt;', '<b>'],
    ['P&EACUTE;REZ &eacute;', 'pérez é'],
    ['this&not that', 'this¬ that'],
    ['<b>&amp;amp;</b>', '<b>&</b>'],
    ['  a\t\n b ', 'a b'],
    ['ΣΊΣΥΦΟΣ İ', 'σίσυφος i̇'],
  ])('%j -> %j', (text, expected) => {
    expect(clean(text)).toBe(expected)
  })

  test.each([
    ['sÃ³', 'só'],
    ['doesnâ€™t', "doesn't"],
    ['â€œhiâ€\u009d', '"hi"'],
    ['Ð¿Ñ€Ð¸Ð²ÐµÑ‚', 'привет'],
    ['ÃƒÂ©', 'é'],
    ['ðŸ˜€', '😀'],
    ['æ—¥æœ¬', '日本'],
  ])('UTF-8 read as Windows-1252 is read again: %j -> %j', (text, expected) => {
    expect(clean(text)).toBe(expected)
  })

  test.each(['«café»', '«CAFÉ»', 'über', 'são paulo', '50° £5', 'É»', 'ação'])('real text stays: %j', (text) => {
    expect(clean(text)).toBe(text.toLowerCase())
  })
})

describe('unescapeHtml follows HTML5', () => {
  test.each([
    ['&#233;&#xE9;&#x1F600', 'éé😀'],
    ['&#128;&#0;&#xD800;&#x110000;&#1;', '€\ufffd\ufffd\ufffd'],
    ['&notit;&notin;&copycat', '¬it;∉©cat'],
    ['&nosuch; & &;', '&nosuch; & &;'],
  ])('%j -> %j', (text, expected) => {
    expect(unescapeHtml(text)).toBe(expected)
  })
})
