import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseDecisions, readDecisions } from '../../lib/curate/decisions'
import { temporaryFolder } from './memory'

const line = (decision: string, id = 'a', name = 'fox') => JSON.stringify({ class: name, id, decision })

describe('decisions', () => {
  test('of several decisions on an image the last holds; names are compared as class lists compare them', async () => {
    const folder = await temporaryFolder()
    const [first, second] = [join(folder, '1.jsonl'), join(folder, '2.jsonl')]
    await writeFile(first, `${line('reject')}\n\n${line('accept', 'b')}\r\n`)
    await writeFile(second, `${line('accept', 'a', ' Fox ')}\n`)
    const decisions = await readDecisions([first, second])
    expect(decisions.of('fox', 'a')?.decision).toBe('accept')
    expect(decisions.ids('FOX', 'accept')).toEqual(['a', 'b'])
    expect(decisions.ids('fox', 'reject')).toEqual([])
    expect(decisions.of('dog', 'a')).toBeUndefined()
  })

  test('a line that is none is named with its file', async () => {
    expect(() => parseDecisions(`${line('accept')}\n{"class":"fox"}`, 'd.jsonl')).toThrow(
      expect.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /d\.jsonl: line 2/),
    )
    expect(() => parseDecisions(`${line('maybe')}`, 'd.jsonl')).toThrow(expect.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /line 1/))
    expect(() => parseDecisions('{', 'd.jsonl')).toThrow(expect.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /line 1 is not JSON/))
    await expect(readDecisions('/nowhere/d.jsonl')).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND')
  })

  test('an empty file holds none', () => {
    expect(parseDecisions('')).toEqual([])
  })
})
