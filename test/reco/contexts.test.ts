import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { contextEntries, contextOf, officialContexts, suppressedBy } from '../../lib/reco/contexts'
import { entryKey } from '../../lib/reco/reference'
import { parseClasses } from '../../lib/text/classes'
import { templateList } from '../../lib/text/prompts'

const contexts = contextEntries(officialContexts)

describe('contexts', () => {
  test('are tree, sky, building, road, person, in this order', () => {
    expect(contexts.map(({ name }) => name)).toEqual(['tree', 'sky', 'building', 'road', 'person'])
    expect(contextEntries([])).toEqual([])
  })

  test.each([
    ['tree', 'tree'],
    [' Sky ', 'sky'],
    ['vegetation', 'tree'],
    ['Vegetation', 'tree'],
    ['trees', undefined],
    ['clouds', undefined],
  ])('%s takes the reference of %s', (name, expected) => {
    expect(contextOf(name, contexts)?.name).toBe(expected)
  })

  test('"vegetation" is a name like any other where no context is a tree', () => {
    expect(contextOf('vegetation', contextEntries(['sky']))).toBeUndefined()
  })

  test.each([
    ['sky other', 'sky'],
    ['clouds', 'sky'],
    ['building other', 'building'],
    ['house', 'building'],
    ['skyscraper', 'building'],
    ['rider', 'person'],
    ['sky', undefined],
    ['vegetation', undefined],
    ['fox', undefined],
    ['personal computer', undefined],
  ])('%s is suppressed by %s', (name, expected) => {
    expect(suppressedBy(name, contexts)).toBe(expected)
  })
})

test("templates 'reco': OpenAI's 80 in their order, then five that place a name in a scene", () => {
  const list = templateList('reco')
  expect(list).toHaveLength(85)
  expect(list.slice(0, 80)).toEqual(JSON.parse(readFileSync(join(import.meta.dirname, '../../models/prompts/imagenet.json'), 'utf8')))
  expect(list.slice(80)).toEqual([
    'there is a {} in the scene.',
    'there is the {} in the scene.',
    'this is a {} in the scene.',
    'this is the {} in the scene.',
    'this is one {} in the scene.',
  ])
})

test('a reference belongs to a name with its synonyms, prompts and negatives; colour and id are not part of it', () => {
  const key = (spec: object) => entryKey(parseClasses([{ name: 'sofa', ...spec }])[0]!)
  expect(key({ id: 7, color: '#ffffff' })).toBe(key({}))
  const others = [{ synonyms: ['couch'] }, { prompts: ['a {}'] }, { negatives: ['chair'] }].map(key)
  expect(new Set([key({}), ...others]).size).toBe(4)
})
