import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { binding } from '../../lib/binding'
import { heldoutPack, trainingPack } from '../helpers/scene-pack'
import { packFile, tinyHeader } from '../helpers/tiny-pack'

const scratch = mkdtempSync(join(tmpdir(), 'wordmask-packs-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
let files = 0
function written(bytes: Buffer): string {
  const file = join(scratch, `${files++}.pack`)
  writeFileSync(file, bytes)
  return file
}
const open = (...packs: string[]) => binding().ScenePack.open(packs, {})
const forged = (change: Record<string, unknown>, options = {}) => written(packFile({ ...tinyHeader(), ...change }, options))
const styles = (...sprites: number[][]) => [{ name: 'plain', weight: 1, sprites }]

describe('a pack that is sound opens', () => {
  it('a tiny one: names, concepts, styles, vocabulary, and scenes of it', async () => {
    const pack = await open(forged({}))
    expect([pack.names, pack.concepts, pack.styles]).toEqual([['dog', 'cat', 'grass', 'sky'], 2, ['plain']])
    expect(pack.vocabulary).toEqual(tinyHeader().vocabulary)
    const scene = await pack.render(3, { size: 96, split: 'train', seed: 1 }, {})
    expect(scene.pixels.data).toHaveLength(96 * 96 * 3)
  })

  it('the one that ships: 86 concepts, 10 backgrounds, 24 styles; with the second file the held-out style is the last', async () => {
    const alone = await open(trainingPack)
    expect([alone.names.length, alone.concepts, alone.styles.length]).toEqual([96, 86, 24])
    const both = await open(trainingPack, heldoutPack)
    expect(both.styles).toEqual([...alone.styles, 'openmoji'])
    expect(both.vocabulary).toEqual([...both.vocabulary].sort((a, b) => a - b))
    expect(both.vocabulary.slice(-2)).toEqual([49406, 49407])
  })
})

describe('a style for training only', () => {
  const whole = [
    [0, 3, 2],
    [1, 2, 2],
  ]
  const plain = { name: 'plain', weight: 1, sprites: whole }
  const tall = [
    [0, 1, 5],
    [1, 5, 1],
  ]
  const extra = { name: 'extra', weight: 3, trainingOnly: true, sprites: tall }
  const opened = (list: object[], version = 2) => open(forged({ styles: list }, { version, pixels: list.length * 40 }))
  const pixels = async (pack: Awaited<ReturnType<typeof open>>, split: 'train' | 'unseen') => {
    const scenes = Array.from({ length: 20 }, (_, i) => pack.render(i, { size: 48, split, seed: 5 }, {}))
    return (await Promise.all(scenes)).map(({ pixels, captions }) => [Buffer.from(pixels.data).toString('base64'), ...captions])
  }

  it('changes what training draws and not one byte of the split unseen', async () => {
    const [before, after] = [await opened([plain], 1), await opened([plain, extra])]
    expect(after.styles).toEqual(['plain', 'extra'])
    expect(await pixels(after, 'unseen')).toEqual(await pixels(before, 'unseen'))
    expect(await pixels(after, 'train')).not.toEqual(await pixels(before, 'train'))
  })

  it.each<[string, object[], number, RegExp]>([
    ['in format 1', [plain, extra], 1, /format 1 does not have/],
    ['before one for every split', [extra, plain], 2, /'plain' stands behind one for training only/],
    ['with a flag that is no boolean', [plain, { ...extra, trainingOnly: 1 }], 2, /true or false.*received 1/],
    ['as the only one', [extra], 2, /no picture of 'dog' but those for training only/],
  ])('is refused %s', async (_, list, version, message) => {
    await expect(opened(list, version)).rejects.toHaveCode('ERR_WORDMASK_CHECKPOINT', message)
  })
})

describe('a pack that is damaged or lies is refused', () => {
  it.each<[string, Record<string, unknown>, object, RegExp]>([
    ['a sprite larger than the file', { styles: styles([0, 200, 200], [1, 2, 2]) }, {}, /ends inside the sprites/],
    ['bytes behind the last sprite', {}, { pixels: 41 }, /1 bytes follow/],
    ['a sprite without width', { styles: styles([0, 0, 2]) }, {}, /width in 1 \.\. 256/],
    ['a negative height', { styles: styles([0, 3, -2]) }, {}, /height in 1 \.\. 256/],
    ['a fractional width', { styles: styles([0, 1.5, 2]) }, {}, /width/],
    ['a sprite of a concept that is none', { styles: styles([2, 3, 2]) }, {}, /concept in 0 \.\. 1/],
    ['a concept without a picture', { styles: styles([0, 5, 2]) }, {}, /no picture of 'cat'/],
    ['a background that nothing paints', { names: ['dog', 'cat', 'grass', 'lava'] }, {}, /nothing paints: 'lava'/],
    ['more concepts than names', { concepts: 4 }, {}, /number of concepts in 1 \.\. 3/],
    ['a pair of concepts as backgrounds', { backgroundPairs: [[0, 1]] }, {}, /background in 2 \.\. 3/],
    ['a plural too few', { plurals: ['dogs'] }, {}, /expected 2 plurals/],
    ['a template without a place', { templates: ['a photo'] }, {}, /no \{\}: 'a photo'/],
    ['a vocabulary out of order', { vocabulary: [5, 4] }, {}, /not ascending at 4/],
    ['a word outside the vocabulary', { dictionary: { dog: [7] } }, {}, /token 7 of 'dog' is not in the vocabulary/],
    ['a token beyond CLIP', { dictionary: { dog: [99999] } }, {}, /token id in 0 \.\. 49407/],
    ['an unknown kind', { kind: 'photographs' }, {}, /kind 'photographs'/],
    ['a header longer than the file', {}, { length: 1 << 20 }, /header of 1048576 bytes/],
    ['a header cut in the middle of its JSON', {}, { length: 40 }, /parse/],
  ])('%s', async (_, change, options, message) => {
    await expect(open(forged(change, options))).rejects.toHaveCode('ERR_WORDMASK_CHECKPOINT', message)
  })

  it('cut at any tenth of its length', async () => {
    const bytes = packFile(tinyHeader())
    for (let part = 0; part < 10; part++)
      await expect(open(written(bytes.subarray(0, (bytes.length * part) / 10)))).rejects.toHaveCode('ERR_WORDMASK_CHECKPOINT')
  })

  it('another format', async () => {
    await expect(open(written(Buffer.from('{"a": "text file of some length"}')))).rejects.toHaveCode('ERR_WORDMASK_CHECKPOINT', /WMSCENES/)
  })

  it('a newer version has a code of its own, whatever follows', async () => {
    await expect(open(forged({}, { version: 3 }))).rejects.toHaveCode('ERR_WORDMASK_VERSION', /format 3 is newer/)
    await expect(open(written(packFile('not even JSON', { version: 900 })))).rejects.toHaveCode('ERR_WORDMASK_VERSION', /update wordmask/)
  })

  it('a missing file names the command to type', async () => {
    await expect(open(join(scratch, 'none.pack'))).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /node scripts\/scenes\.mjs pack/)
  })
})

describe('the held-out style', () => {
  it('is refused without its file, and the message says what to do', async () => {
    const pack = await open(trainingPack)
    await expect(pack.render(0, { size: 96, split: 'heldout', seed: 0 }, {})).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /second file.*scenes\.mjs pack/,
    )
  })

  it('files in the wrong order, twice the same, of other names, none at all', async () => {
    await expect(open(heldoutPack, trainingPack)).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /training styles first/)
    await expect(open(trainingPack, trainingPack)).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /held-out style second/)
    await expect(open(forged({}), heldoutPack)).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /other names/)
    await expect(open()).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /received 0 files/)
  })

  it('is in no published file', () => {
    const published: string[] = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).files
    expect(published.filter((path) => path.startsWith('test'))).toEqual([])
    expect(readFileSync(trainingPack).includes('openmoji')).toBe(false)
  })
})
