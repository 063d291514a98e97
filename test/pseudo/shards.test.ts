import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { CuratedParts, CuratedSet } from '../../lib/curate/curated-set.js'
import { openLabelShard, placeBelow, planLabelShards } from '../../lib/pseudo/shards.js'
import type { SourceInput } from '../../lib/sources/index.js'
import { parseClasses } from '../../lib/text/classes.js'
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

  test('below the name they were chosen for, once each, those of a curated set', async () => {
    const place = { bytes: 1, sha256: '', width: 2, height: 2, phash: '', addedAt: '', rank: 0, score: 0.3 }
    const rows = [
      { ...place, id: 'x', uri: at('a/1.png'), class: 'fox' },
      { ...place, id: 'y', uri: at('one.tar'), key: 'deep/2.jpg', offset: 1536, length: 1, class: 'a/b' },
      { ...place, id: 'x', uri: at('a/1.png'), class: 'fox' },
      { ...place, id: 'z', uri: at('gone.png'), class: 'fox' },
    ]
    const entries = parseClasses(['fox', 'a/b'])
    const classes = entries.map((entry) => {
      const images = rows.filter((row) => row.class === entry.name)
      return { entry, wanted: images.length, images, dropped: {} as never }
    })
    const origin = { archive: 'a', rows: 3, model: { name: 'm', licence: 'MIT', sha256: [] }, settings: {} }
    const set = new CuratedSet(new CuratedParts(classes, origin, async function* () {}))
    const found: string[] = []
    for await (const shard of planLabelShards(set, { shardSize: 2, onReject: () => {} })) {
      for await (const { name, image } of openLabelShard(JSON.parse(JSON.stringify(shard)), {})) {
        const bytes = await image.bytes().catch((error: { code: string }) => error.code)
        found.push(`${name} ${bytes.length === 1 ? Buffer.from(bytes as Uint8Array) : bytes}`)
      }
    }
    expect(found.sort()).toEqual(['a-b/2.jpg x', 'fox/1.png x', 'fox/gone.png ERR_WORDMASK_FILE_NOT_FOUND'])
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
