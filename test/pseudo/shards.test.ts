import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { openLabelShard, placeBelow, planLabelShards } from '../../lib/pseudo/shards.js'
import type { SourceInput } from '../../lib/sources/index.js'
import { temporary } from '../engine/fixtures.js'

const at = temporary('pseudo-shards')

beforeAll(() => {
  for (const name of ['a/1.png', 'a/deep/2.jpg', 'b/1.png', 'c/a/3.png']) {
    mkdirSync(at(name, '..'), { recursive: true })
    writeFileSync(at(name), 'x')
  }
  for (const name of ['one', 'two']) execFileSync('tar', ['-cf', at(`${name}.tar`), '-C', at('a'), '1.png', 'deep/2.jpg'])
  writeFileSync(at('list.txt'), `a/1.png\n../${at('x').split('/').at(-2)}/b/1.png\n${at('c/a/3.png')}\n`)
})

async function namesOf(...sources: SourceInput[]): Promise<string[]> {
  const names: string[] = []
  const shared = { onReject: () => {} }
  for await (const shard of planLabelShards(sources, { ...shared, shardSize: 1 }))
    for await (const { name } of openLabelShard(JSON.parse(JSON.stringify(shard)), shared)) names.push(name)
  return names
}

describe('images have a place below the output folder', () => {
  test('their path below the only folder, glob or list', async () => {
    expect(await namesOf(at('a'))).toEqual(['1.png', 'deep/2.jpg'])
    expect(await namesOf(at('*/**/*.png'))).toEqual(['a/1.png', 'b/1.png', 'c/a/3.png'])
    const below = at('c/a/3.png').replace(/^\//, '')
    expect(await namesOf(at('list.txt'))).toEqual(['a/1.png', `${at('x').split('/').at(-2)}/b/1.png`, below])
  })

  test('below the name of their source where there are several, no two alike; single images by theirs', async () => {
    expect(await namesOf(at('a'), at('b'), at('c/a'), at('b/1.png'))).toEqual(['a/1.png', 'a/deep/2.jpg', 'b/1.png', 'a-2/3.png', '1.png'])
  })

  test('below the name of their tar, always', async () => {
    const two = ['two/1.png', 'two/deep/2.jpg']
    expect(await namesOf(at('two.tar'))).toEqual(two)
    expect(await namesOf(at('{one,two}.tar'))).toEqual(['one/1.png', 'one/deep/2.jpg', ...two])
  })

  test.each([
    ['../../etc/x.png', 'etc/x.png'],
    ['/abs/./x.png', 'abs/x.png'],
    ['.hidden/.x.png', '_hidden/_x.png'],
    ['s3://bucket/a/x.png', 'bucket/a/x.png'],
    ['https://host/a/x.png?size=1', 'host/a/x.png'],
    ['what?.png', 'what?.png'],
  ])('%j becomes %j', (name, place) => expect(placeBelow('', name)).toBe(place))

  test('what pseudoLabel did not plan is no shard', async () => {
    const images = openLabelShard({ name: 'other', source: {} }, {})
    await expect(images.next()).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /pseudoLabel planned/)
  })
})
