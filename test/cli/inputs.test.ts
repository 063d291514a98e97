import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { checkInputs, countImages, findImages, type InputOptions } from '../../lib/cli/inputs.js'

/** The folder that the system does not let us read; root, who may run the tests, may read any. */
const locked = vi.hoisted(() => ({ folder: '' }))
vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof import('node:fs/promises')>()
  const readdir = (at: string, options: { withFileTypes: true }) =>
    at === locked.folder ? Promise.reject(Object.assign(new Error('EACCES'), { code: 'EACCES' })) : fs.readdir(at, options)
  return { ...fs, readdir }
})

const root = mkdtempSync(join(tmpdir(), 'wordmask-inputs-'))
beforeAll(() => {
  for (const folder of ['a/deep', 'b', '.hidden', 'out']) mkdirSync(join(root, folder), { recursive: true })
  for (const file of ['z.jpg', 'a/1.png', 'a/2.JPEG', 'a/deep/3.webp', 'a/notes.txt', 'b/4.tif', '.hidden/5.png', 'out/6.png'])
    writeFileSync(join(root, file), '')
  symlinkSync(root, join(root, 'b', 'loop'))
})
afterAll(() => rmSync(root, { recursive: true }))

/** A pipe waits for its reader: not in this thread. */
const write = async (pipe: string, text: string) => (await import('node:fs/promises')).writeFile(pipe, text)

async function found(args: string[], options: InputOptions = {}): Promise<string[]> {
  const paths: string[] = []
  for await (const { relative } of findImages(args, options)) paths.push(relative)
  return paths
}

describe('findImages', () => {
  test('a folder: its tree in sorted order, without hidden folders, other files and the output folder; loops end', async () => {
    expect(await found([root], { skip: join(root, 'out') })).toEqual(['a/1.png', 'a/2.JPEG', 'a/deep/3.webp', 'b/4.tif', 'z.jpg'])
  })
  test('a glob takes what matches, relative to its fixed part', async () => {
    expect(await found([join(root, 'a/**/*.{png,webp}')])).toEqual(['1.png', 'deep/3.webp'])
    expect(await found([join(root, '?.jpg')])).toEqual(['z.jpg'])
  })
  test('a list holds files, folders and globs; blank lines do not count', async () => {
    writeFileSync(join(root, 'list.txt'), `${join(root, 'z.jpg')}\r\n\n${join(root, 'b')}\n`)
    expect(await found([`@${join(root, 'list.txt')}`], { skip: join(root, 'out') })).toContain('z.jpg')
  })
  test('a file named on its own is taken with any ending, there or not: it is rejected later, by name', async () => {
    expect(await found([join(root, 'a/notes.txt'), join(root, 'missing.jpg')])).toEqual(['notes.txt', 'missing.jpg'])
  })
  test.each([
    ['a folder without images', '.hidden/none'],
    ['a glob that matches nothing', '*.bmp'],
  ])('%s is a usage error', async (_, arg) => {
    mkdirSync(join(root, '.hidden/none'), { recursive: true })
    await expect(found([join(root, arg)])).rejects.toHaveProperty('code', 'ERR_WORDMASK_FILE_NOT_FOUND')
  })
  test('a list in a list is refused, not passed over', async () => {
    writeFileSync(join(root, 'lists.txt'), `${join(root, 'z.jpg')}\n@list.txt\n`)
    await expect(found([`@${join(root, 'lists.txt')}`])).rejects.toThrow(/lists\.txt names another list, @list\.txt/)
  })
  test('a link to an image that is gone is an image that is missing; one to anything else is nothing', async () => {
    const links = join(root, '.hidden', 'links')
    mkdirSync(links)
    symlinkSync(join(root, 'gone.png'), join(links, 'gone.png'))
    symlinkSync(join(root, 'gone.txt'), join(links, 'gone.txt'))
    symlinkSync(join(root, 'z.jpg'), join(links, 'here.jpg'))
    expect(await found([links])).toEqual(['gone.png', 'here.jpg'])
  })
  test('a list that is not there is named', async () => {
    await expect(found(['@nowhere.txt'])).rejects.toThrow(/nowhere\.txt/)
  })
  test('the output folder is left out under whatever path it is named', async () => {
    const other = join(root, '.hidden', 'same')
    symlinkSync(root, other)
    expect(await found([other], { skip: join(root, 'out') })).not.toContain('out/6.png')
    expect(await found([root], { skip: join(other, 'out') })).not.toContain('out/6.png')
    expect(await found([root], { skip: join(root, 'gone') })).toContain('out/6.png')
  })
  test('a folder that cannot be read is an image that cannot be read; the others go on', async () => {
    locked.folder = join(root, 'a', 'deep')
    expect(await found([join(root, 'a')])).toEqual(['1.png', '2.JPEG', 'deep'])
    locked.folder = ''
  })
  test('a list may be a pipe, which is read once and not for counting', async () => {
    const pipe = join(root, '.hidden', 'pipe')
    execFileSync('mkfifo', [pipe])
    expect(await countImages([`@${pipe}`])).toBe(0)
    const [paths] = await Promise.all([found([`@${pipe}`]), write(pipe, `${join(root, 'z.jpg')}\n`)])
    expect(paths).toEqual(['z.jpg'])
    expect(existsSync(pipe)).toBe(true)
  })
  test('folders that hold results of ours are left out and told once, unless they are named; those of others are not', async () => {
    const data = join(root, '.hidden', 'data')
    for (const file of [
      '0.png',
      'out1/overlay/1.png',
      'out1/run.json',
      'deep/out2/labels/2.png',
      'deep/out2/run.json',
      'other/3.png',
      'other/run.json',
    ]) {
      mkdirSync(dirname(join(data, file)), { recursive: true })
      const format = file.startsWith('other') ? 'a run of somebody' : 'wordmask-run'
      writeFileSync(join(data, file), file.endsWith('.json') ? JSON.stringify({ format, version: 1 }, null, 2) : '')
    }
    const told: string[] = []
    const onLeftOut = (notice: string) => told.push(notice)
    const own = ['0.png', 'other/3.png']
    expect(await found([data], { onLeftOut })).toEqual(own)
    expect(await found([join(data, '**', '*.png')], { onLeftOut })).toEqual(own)
    const both = expect.stringMatching(/^left out 2 folders that hold results of wordmask, such as .*deep\/out2: name one/)
    expect(told.splice(0)).toEqual([both, both])
    expect(await found([join(data, 'out1'), data], { onLeftOut, skip: join(data, 'deep', 'out2') })).toEqual(['overlay/1.png', ...own])
    expect(await found([join(data, 'out1/**/*.png')], { onLeftOut })).toEqual(['overlay/1.png'])
    expect(told).toEqual([])
    await expect(found([join(data, 'deep')], { onLeftOut })).rejects.toThrow(/No images in .*, and left out .*out2, which holds results/)
    await expect(checkInputs([join(data, 'deep')], join(data, 'out3'))).rejects.toThrow(/left out/)
  })
  test('stop ends the stream without an error', async () => {
    const controller = new AbortController()
    const paths: string[] = []
    for await (const { relative } of findImages([root], { stop: controller.signal })) {
      paths.push(relative)
      controller.abort()
    }
    expect(paths).toEqual(['a/1.png'])
  })
})

describe('checkInputs', () => {
  test('an output folder that is an input folder is refused, also behind a link or for a later argument', async () => {
    const link = join(root, '.hidden', 'a')
    symlinkSync(join(root, 'a'), link)
    await expect(checkInputs([join(root, 'a')], join(root, 'a'))).rejects.toThrow(/--into names the folder that the images are in/)
    await expect(checkInputs([join(root, 'b'), link], join(root, 'a'))).rejects.toThrow(/--into names/)
    await checkInputs([root, '@any.txt'], join(root, 'a'))
    await checkInputs([join(root, 'a')], join(root, 'new', 'folder'))
  })
  test('what yields no image is told before anything is made; lists are read later', async () => {
    await expect(checkInputs([join(root, '*.bmp')], join(root, 'new'))).rejects.toThrow(/No images in/)
    await checkInputs(['@nowhere.txt'], join(root, 'new'))
  })
})
