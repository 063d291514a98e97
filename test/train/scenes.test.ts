import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Scene, SceneOptions, ScenePack } from '../../binding'
import { binding } from '../../lib/binding'
import { Tokenizer } from '../../lib/text/tokenizer'
import concepts from '../../models/scenes/concepts.json'
import { heldoutPack, trainingPack } from '../helpers/scene-pack'

const check = fileURLToPath(new URL('../../build/Release/core/wordmask_check', import.meta.url))
let pack: ScenePack
beforeAll(async () => {
  pack = await binding().ScenePack.open([trainingPack, heldoutPack], {})
})
const render = (index: number, options: Partial<SceneOptions> = {}) =>
  pack.render(index, { size: 96, split: 'train', seed: 0, ...options }, {})
const digest = ({ pixels, labels, captions }: Scene) =>
  createHash('sha256').update(pixels.data).update(labels).update(captions.join('\n')).digest('hex').slice(0, 16)
const plural = new Map(concepts.concepts.map(({ name, plural }) => [plural, name]))

/** Names a caption mentions: the longest first, so that a fire truck is no truck. */
function mentioned(caption: string): string[] {
  let rest = ` ${caption.replace(/[.,]/g, ' ')} `
  const found = new Set<string>()
  for (const word of [...pack.names, ...plural.keys()].sort((a, b) => b.length - a.length)) {
    const parts = rest.split(` ${word} `)
    if (parts.length === 1) continue
    rest = parts.join(' | ')
    found.add(pack.names.includes(word) ? word : (plural.get(word) as string))
  }
  return [...found].sort()
}

describe('a scene depends on pack, options and index alone', () => {
  it.each<[number, Partial<SceneOptions>, string]>([
    [0, { size: 48 }, '3060e6b13011a455'],
    [0, { size: 96 }, '2510ff7be9841538'],
    [12345, { size: 96, seed: 7 }, 'b8a8ba1928679a3c'],
    [1, { size: 200, split: 'unseen' }, '94daa4e36f5a04e9'],
    [2, { size: 96, split: 'heldout' }, 'f41c8610efa63a06'],
    [2 ** 52, { size: 71, split: 'train', seed: 2 ** 40 }, 'fc7abdbadf250715'],
  ])('scene %d with %j is, to the byte, the one it was when this was written', async (index, options, expected) => {
    expect(digest(await render(index, options))).toBe(expected)
  })

  it('rendered again, in another order, by another copy of the pack, at the same time as others', async () => {
    const first = []
    for (let i = 0; i < 12; i++) first.push(digest(await render(i)))
    const other = await binding().ScenePack.open([trainingPack], {})
    const again = await Promise.all(first.map((_, i) => other.render(11 - i, { size: 96, split: 'train', seed: 0 }, {})))
    expect(again.map(digest).reverse()).toEqual(first)
    expect(new Set(first).size).toBe(12)
  })

  it('another index, seed or split is another scene', async () => {
    const scenes = [
      await render(5),
      await render(6),
      await render(5, { seed: 1 }),
      await render(5, { split: 'unseen' }),
      await render(5, { split: 'heldout' }),
    ]
    expect(new Set(scenes.map(digest)).size).toBe(5)
  })
})

describe.each<[SceneOptions['split'], number, number]>([
  ['train', 48, 300],
  ['unseen', 96, 200],
  ['heldout', 96, 100],
  ['unseen', 256, 10],
])('labels, names and captions of %s at %d px agree (%d scenes)', (split, size, count) => {
  it('in every scene', async () => {
    for (let index = 0; index < count; index++) {
      const scene = await render(index, { split, size })
      expect(scene.labels).toHaveLength(size * size)
      expect(scene.pixels.data).toHaveLength(size * size * 3)
      expect([...new Set(scene.labels)].sort((a, b) => a - b)).toEqual(scene.present)
      const present = scene.present.map((i) => pack.names[i] as string)
      const backgrounds = scene.present.filter((i) => i >= pack.concepts).length
      expect(backgrounds === 1 || backgrounds === 2).toBe(true)
      const [mixed, one, all] = scene.captions as [string, string, string]
      expect(scene.caption).toBe(all)
      expect(mentioned(all), all).toEqual([...present].sort())
      expect(mentioned(one), one).toHaveLength(1)
      for (const name of [...mentioned(one), ...mentioned(mixed)]) expect(present).toContain(name)
    }
  })
})

describe('what scenes show is told without painting them, as render tells it', () => {
  it.each<[SceneOptions['split'], number, number, number]>([
    ['unseen', 96, 0, 400],
    ['train', 96, 1000, 300],
    ['train', 48, 0, 300],
    ['heldout', 71, 2 ** 40, 100],
    ['unseen', 256, 7, 40],
  ])('%s at %d px, from index %d: %d scenes', async (split, size, first, count) => {
    const options = { split, size, seed: 3 }
    const told = await pack.present(first, count, options, {})
    const shown = []
    for (let i = 0; i < count; i++) shown.push((await pack.render(first + i, options, {})).present)
    expect(told).toEqual(shown)
    expect(new Set(told.flat()).size).toBeGreaterThan(30)
  })

  it('none is asked for; too many, a wrong size and an aborted call are refused', async () => {
    const options = { split: 'unseen', size: 96, seed: 0 } as const
    expect(await pack.present(5, 0, options, {})).toEqual([])
    const refused = (count: number, size: number) => pack.present(0, count, { ...options, size }, {})
    await expect(refused(2 ** 20 + 1, 96)).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /count/)
    await expect(refused(1, 47)).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /48/)
    const cancel = new (binding().CancelToken)()
    const long = pack.present(0, 2 ** 20, options, { cancel })
    cancel.cancel()
    await expect(long).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
  })
})

describe('the recipe', () => {
  it('over 600 training scenes: every concept and background, half split, at most 5 objects, captions of every kind', async () => {
    const seen = new Set<number>()
    let split = 0
    let single = 0
    for (let index = 0; index < 600; index++) {
      const scene = await render(index)
      for (const name of scene.present) seen.add(name)
      const backgrounds = scene.present.filter((i) => i >= pack.concepts).length
      split += backgrounds - 1
      expect(scene.present.length - backgrounds).toBeLessThanOrEqual(5)
      single += mentioned(scene.captions[0] as string).length === 1 ? 1 : 0
    }
    expect(seen.size).toBe(96)
    expect(split).toBeGreaterThan(240)
    expect(split).toBeLessThan(360)
    expect(single).toBeGreaterThan(200)
    expect(single).toBeLessThan(420)
  })

  it.each([
    [{ size: 47 }, /48/],
    [{ size: 513 }, /512/],
    [{ split: 'test' }, /split/],
  ])('%j is refused', async (options, message) => {
    const asked = async () => render(0, options as Partial<SceneOptions>)
    await expect(asked()).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', message)
  })
})

describe('without Node', () => {
  const rows = () =>
    execFileSync(check, ['scenes', '--pack', trainingPack, '--count', '150', '--captions', '1'], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.split('\t'))
      .filter((row) => row.length === 4) as [string, string, string, string][]

  it('wordmask_check writes the same captions, and its token ids are those of our tokenizer', async () => {
    const tokenizer = await Tokenizer.load()
    const list = rows()
    expect(list).toHaveLength(450)
    for (const [, text, ids] of list) {
      const numbers = ids.trim().split(' ').map(Number)
      expect(numbers, text).toEqual([49406, ...tokenizer.encode(text), 49407])
      expect(numbers.length).toBeLessThanOrEqual(pack.contextLength)
      for (const id of numbers) expect(pack.vocabulary).toContain(id)
    }
    expect(list.slice(0, 3).map(([, text]) => text)).toEqual((await render(0)).captions)
  })

  it('the names it lists for a caption are those the caption says', () => {
    for (const [, text, , names] of rows()) {
      const listed = names
        .trim()
        .split(' ')
        .map((i) => pack.names[Number(i)])
      expect(listed.sort(), text).toEqual(mentioned(text))
    }
  })
})
