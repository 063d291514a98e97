import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import sharp from 'sharp'
import { afterAll, describe, expect, it } from 'vitest'
import { binding } from '../../lib/binding'
import { readLabelMap } from '../../lib/image/labels'
import { vocColor } from '../../lib/text/colors'
import { heldoutPack, trainingPack } from '../helpers/scene-pack'

const root = fileURLToPath(new URL('../../', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'wordmask-scenes-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const script = (...args: string[]) =>
  promisify(execFile)(process.execPath, [join(root, 'scripts/scenes.mjs'), ...args]).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  )
const lines = (folder: string, file: string) => readFileSync(join(folder, file), 'utf8').trimEnd().split('\n')

/** Every picture, label map and caption in `folder` against a fresh rendering of what dataset.json says it is. */
async function compare(folder: string, count: number) {
  const { split, size, seed, indices } = JSON.parse(readFileSync(join(folder, 'dataset.json'), 'utf8'))
  const pack = await binding().ScenePack.open([trainingPack, heldoutPack], {})
  const rows = lines(folder, 'captions.jsonl').map((line) => JSON.parse(line))
  expect(rows).toHaveLength(count)
  expect(lines(folder, 'classes.txt')).toEqual(pack.names)
  for (const [i, row] of rows.entries()) {
    const scene = await pack.render(indices[i], { split, size, seed }, {})
    const picture = await sharp(join(folder, row.image)).raw().toBuffer()
    expect(picture.equals(Buffer.from(scene.pixels.data)), row.image).toBe(true)
    const map = await readLabelMap(join(folder, row.labels))
    expect([map.width, map.height]).toEqual([size, size])
    expect(Buffer.from(map.labels).equals(Buffer.from(scene.labels)), row.labels).toBe(true)
    expect(map.palette?.slice(0, 96)).toEqual(Array.from({ length: 96 }, (_, value) => [...vocColor(value)]))
    expect(row.caption).toBe(scene.caption)
    expect(row.present).toEqual(scene.present.map((name) => pack.names[name]))
  }
}

describe('scenes.mjs render', () => {
  it('writes pictures, palette label maps, captions, names and credits; the pictures are those of the pack', async () => {
    const into = join(scratch, 'unseen')
    expect(await script('render', '--count', '5', '--first', '40', '--size', '64', '--seed', '3', '--into', into)).toMatchObject({
      code: 0,
    })
    await compare(into, 5)
    const credits = readFileSync(join(into, 'README.md'), 'utf8')
    for (const work of ['Noto Emoji', 'Twemoji', 'CC-BY-4.0', 'Apache-2.0']) expect(credits).toContain(work)
    expect(credits).not.toContain('OpenMoji')
    const again = await script('render', '--count', '1', '--into', into)
    expect([again.code, again.stderr]).toEqual([1, expect.stringMatching(/not empty/)])
    expect(existsSync(`${into}.part`)).toBe(false)
  })

  it('of the held-out style: its credit and its licence come with it', async () => {
    const into = join(scratch, 'heldout')
    expect(await script('render', '--split', 'heldout', '--indices', '7,2', '--size', '48', '--into', into)).toMatchObject({ code: 0 })
    await compare(into, 2)
    expect(readFileSync(join(into, 'README.md'), 'utf8')).toMatch(/OpenMoji[\s\S]*CC-BY-SA-4\.0[\s\S]*same licence/)
  })

  it.each([
    [['render'], 2, /--into DIR is missing/],
    [['render', '--into', 'x', '--split', 'test'], 2, /train, unseen or heldout/],
    [['render', '--into', 'x', '--size', '9'], 2, /48 \.\. 512 for --size/],
    [['render', '--into', 'x', '--sise', '96'], 2, /sise/],
    [['draw'], 2, /unknown command draw/],
    [['render', '--into', join(scratch, 'none'), '--pack', join(scratch, 'none.pack')], 1, /ERR_WORDMASK_FILE_NOT_FOUND/],
  ])('%j fails with exit code %i and says why', async (args, code, message) => {
    const result = await script(...args)
    expect([result.code, result.stderr]).toEqual([code, expect.stringMatching(message)])
    expect(existsSync('x')).toBe(false)
  })
})

it('the samples that ship are, to the byte, what their README says they are', async () => {
  await compare(join(root, 'models/samples'), 8)
})
