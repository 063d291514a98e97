import { describe, expect, test } from 'vitest'
import { jobOf, specDigest } from '../../lib/engine/job.js'
import { idsOfPart, parsePart } from '../../lib/engine/static.js'
import { shardsOf, spec } from './fixtures.js'

const [shard, other] = shardsOf(2) as [ReturnType<typeof shardsOf>[0], ReturnType<typeof shardsOf>[0]]

describe('the id of a job', () => {
  test('begins with the operation and does not depend on the order of keys or on the name of the model', () => {
    const a = jobOf({ ...spec, config: { orient: true, dtype: 'float32' }, model: 'scenes' }, shard).id
    const b = jobOf({ ...spec, config: { dtype: 'float32', orient: true }, model: '/models/scenes' }, shard).id
    expect(a).toBe(b)
    expect(a).toMatch(/^digest-[0-9a-f]{32}$/)
  })

  test('changes with each of operation, config, weights and shard', () => {
    const ids = [
      jobOf(spec, shard),
      jobOf({ ...spec, name: 'other' }, shard),
      jobOf({ ...spec, config: { rounds: 2 } }, shard),
      jobOf({ ...spec, weights: 'v' }, shard),
      jobOf(spec, other),
    ].map(({ id }) => id)
    expect(new Set(ids).size).toBe(5)
  })

  test('does not depend on what else a shard says of itself', () => {
    expect(jobOf(spec, { ...shard, name: 'renamed', images: 7 }).id).toBe(jobOf(spec, shard).id)
    expect(specDigest(spec)).toHaveLength(12)
  })

  test.each([
    [{ ...spec, name: 'Embed' }, shard, /lower-case letters/],
    [{ ...spec, name: 'a:b' }, shard, /lower-case letters/],
    [spec, { ...shard, id: '' }, /shard\.id/],
  ])('of something else is refused: %#', (wrong, from, words) => {
    expect(() => jobOf(wrong, from)).toThrow(words)
  })
})

describe('--shard i/n', () => {
  test('the parts together are the whole, each shard once, whatever order the plan came in', () => {
    const ids = Array.from({ length: 100 }, (_, i) => `job-${i}`)
    const parts = [0, 1, 2].map((index) => idsOfPart(index === 1 ? [...ids].reverse() : ids, { index, of: 3 }))
    expect(parts.flat().sort()).toEqual([...ids].sort())
    expect(parts.map(({ length }) => length)).toEqual([34, 33, 33])
  })

  test('more parts than shards leaves some without work', () => {
    expect([0, 1, 2, 3].map((index) => idsOfPart(['b', 'a'], { index, of: 4 }))).toEqual([['a'], ['b'], [], []])
  })

  test.each([
    ['0/1', { index: 0, of: 1 }],
    ['7/8', { index: 7, of: 8 }],
  ])('%s is read', (text, part) => {
    expect(parsePart(text)).toEqual(part)
  })

  test.each(['8/8', '1/0', '-1/3', '1', '1/3/5', 'a/b', ''])('%j is refused with an example', (text) => {
    let thrown: unknown
    try {
      parsePart(text)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /0\/8/)
  })
})
