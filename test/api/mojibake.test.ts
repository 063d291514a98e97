import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { clean } from '../../lib/text/clean'

const at = (path: string) => new URL(`../../${path}`, import.meta.url)
const golden: { version: number; rows: [string, string][] } = JSON.parse(
  gunzipSync(readFileSync(at('test/fixtures/golden/mojibake.json.gz'))).toString('utf8'),
)

// Captions that the rule was not written on: whole or in part UTF-8 read as Windows-1252 or Latin-1, once or twice.
test('README says of how many of 3,000 broken captions we make what ftfy makes', () => {
  expect([golden.version, golden.rows.length]).toEqual([1, 3000])
  const wrong = golden.rows.filter(([text, wanted]) => clean(text) !== wanted)
  const stated = Number(/([\d,]+) of 3,000 broken captions/.exec(readFileSync(at('README.md'), 'utf8'))?.[1]?.replace(',', ''))
  const shown = wrong.slice(0, 5).map(([text, wanted]) => ({ text, wanted, ours: clean(text) }))
  expect(3000 - wrong.length, JSON.stringify(shown, null, 1)).toBe(stated)
})

test('what has been cleaned is not changed by cleaning it again', () => {
  const cleaned = golden.rows.map(([text]) => clean(text))
  expect(cleaned.filter((text) => clean(text) !== text)).toEqual([])
})
