import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { makeFolder, makeFolderSync } from '../../lib/setup/make-folder'

const folder = mkdtempSync(join(tmpdir(), 'wordmask-folders-'))
afterAll(() => rmSync(folder, { recursive: true }))
writeFileSync(join(folder, 'file'), '')

describe.each([
  ['makeFolder', makeFolder],
  ['makeFolderSync', async (path: string) => makeFolderSync(path)],
] as const)('%s', (name, make) => {
  const inside = (...parts: string[]) => join(folder, name, ...parts)

  test('makes what is missing above, is content with what is there, and takes paths relative or with an end', async () => {
    await make(inside('a', 'b', 'c'))
    await make(inside('a', 'b', 'c'))
    await make(`${inside('a', 'd')}/`)
    await make(join(inside('a'), '.', 'e', '..', 'f'))
    for (const path of [inside('a', 'b', 'c'), inside('a', 'd'), inside('a', 'f')]) expect(statSync(path).isDirectory()).toBe(true)
    await make('.')
    await make('/')
  })

  test('many at once make the same folders', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, i) => make(inside('x', 'y', 'z', String(i % 3)))))
    expect(statSync(inside('x', 'y', 'z', '2')).isDirectory()).toBe(true)
  })

  test.each([
    [join(folder, 'file'), 'EEXIST'],
    [join(folder, 'file', 'below'), 'ENOTDIR'],
    [join(folder, 'x'.repeat(300)), 'ENAMETOOLONG'],
    ['/proc/wordmask', 'ENOENT'],
    ['/proc/wordmask/below/it', 'ENOENT'],
  ])('%s cannot be: %s', async (path, code) => {
    await expect(make(path)).rejects.toMatchObject({ code })
  })
})

test('a path that is no UTF-8 is made by its bytes', async () => {
  const path = join(folder, 'caf\xe9', 'below')
  await makeFolder(path, (name) => Buffer.from(name, 'latin1'))
  expect(statSync(Buffer.from(path, 'latin1')).isDirectory()).toBe(true)
  expect(readdirSync(folder, 'buffer').some((name) => name.toString('latin1') === 'caf\xe9')).toBe(true)
})
