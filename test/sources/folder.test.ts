import { chmod, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkSources, openSource, readPlace } from '../../lib/sources'
import { expectReadBack, type Opened, opened, tarOf, temporaryFolder, writeFiles } from './files'

describe('a folder', () => {
  test('images at any depth in the order of their paths; other files and hidden ones left out; each is read back by its row', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, {
      'b.PNG': 'b',
      'a/2.jpeg': '2',
      'a/10.jpg': '10',
      'a.jpg': 'a',
      'notes.txt': '-',
      '.h.jpg': '-',
      '.git/x.jpg': '-',
      'é.webp': 'e',
    })
    const { images, rejects } = await opened(folder)
    expect(images.map(({ uri }) => path.relative(folder, uri))).toEqual(['a.jpg', 'a/10.jpg', 'a/2.jpeg', 'b.PNG', 'é.webp'])
    expect(rejects).toEqual([])
    await expectReadBack(images)
  })

  test('ids: the same for absolute, relative and file:// spelling; below root the same on another mount; a hash of the path', async () => {
    const folder = await temporaryFolder()
    const other = await temporaryFolder()
    for (const at of [folder, other]) await writeFiles(at, { 'x/a.jpg': 'a' })
    const idOf = async (uri: string, root?: string) => (await opened(uri, { root })).images[0]!.id
    const id = await idOf(folder)
    expect(id).toMatch(/^[0-9a-f]{32}$/)
    for (const spelled of [path.relative('.', folder), `${folder}/.`, `file://${folder}`, `${folder}/x/a.jpg`, `${folder}/**/*.jpg`])
      expect(await idOf(spelled)).toBe(id)
    expect(await idOf(other)).not.toBe(id)
    expect(await idOf(folder, folder)).toBe(await idOf(other, `${other}/`))
    // printf 'x/a.jpg' | sha256sum
    expect(await idOf(folder, folder)).toBe('9734e2128262dc1d52e59a961e167a31')
  })

  test('folders that hold results of ours are left out and told once, unless they are named', async () => {
    const folder = await temporaryFolder()
    const run = (format: string) => JSON.stringify({ format, version: 1 }, null, 2)
    await writeFiles(folder, {
      ...{ 'a.jpg': 'a', 'out/run.json': run('wordmask-run'), 'out/overlay/b.png': 'b', 'x/out/run.json': run('wordmask-run') },
      ...{ 'x/out/c.tar': 'c', 'set/run.json': run('wordmask-export'), 'set/d.jpg': 'd' },
    })
    const names = ({ images }: Opened) => images.map(({ uri }) => path.relative(folder, uri))
    for (const source of [folder, `${folder}/**`, `${folder}/**/*.{jpg,png,tar}`]) {
      const all = await opened(source)
      expect(names(all)).toEqual(['a.jpg', 'set/d.jpg'])
      expect(all.notices).toEqual([expect.stringMatching(/^left out 2 folders that hold results of wordmask, such as .*\/out: name one/)])
    }
    const named = await opened([folder, `${folder}/out`])
    expect(names(named)).toEqual(['a.jpg', 'set/d.jpg', 'out/overlay/b.png'])
    expect(named.notices).toEqual([expect.stringMatching(/^left out .*x\/out, which holds results of wordmask: name it/)])
    await expect(opened(`${folder}/x`)).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /is left out, and left out .*x\/out/)
    await expect(checkSources([folder, `${folder}/x`], { onNotice: () => expect.unreachable() })).rejects.toThrow(/no image in .*x/)
  })

  test('captions lie beside in .txt files, only where asked for; blank is none; BOM and white space are no part of it', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, {
      'a.jpg': 'a',
      'a.txt': '\uFEFF a fox \n',
      'b.c.jpg': 'b',
      'b.c.txt': 'two dots',
      'd.jpg': 'd',
      'd.txt': ' \n',
      'e.jpg': 'e',
    })
    expect((await opened(folder, { captions: true })).images.map(({ caption }) => caption)).toEqual([
      'a fox',
      'two dots',
      undefined,
      undefined,
    ])
    expect((await opened(folder)).images.every((image) => !('caption' in image))).toBe(true)
  })

  test('tars in it are opened; links to nothing and files that go are their own error; unreadable folders are one reject', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, { 'a.jpg': 'a', 'b.tar': await tarOf([['1.jpg', 'one']]), 'locked/c.jpg': 'c' })
    await symlink('nothing.jpg', path.join(folder, 'd.jpg'))
    await chmod(path.join(folder, 'locked'), 0)
    const { images, rejects } = await opened(folder)
    await chmod(path.join(folder, 'locked'), 0o755)
    expect(images.map(({ uri, key }) => [path.basename(uri), key])).toEqual(
      process.getuid?.() === 0
        ? [
            ['a.jpg', undefined],
            ['b.tar', '1.jpg'],
            ['d.jpg', undefined],
            ['c.jpg', undefined],
          ]
        : [
            ['a.jpg', undefined],
            ['b.tar', '1.jpg'],
            ['d.jpg', undefined],
          ],
    )
    if (process.getuid?.() !== 0) expect(rejects).toMatchObject([{ uri: path.join(folder, 'locked'), code: 'ERR_WORDMASK_IO' }])
    const gone = images.find(({ uri }) => uri.endsWith('d.jpg'))!
    await expect(gone.bytes()).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /d\.jpg does not exist/)
  })

  test('a name that is not UTF-8 is read, and read back by its row', async () => {
    const folder = await temporaryFolder()
    await writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xe9]), Buffer.from('.jpg')]), 'bytes')
    const { images } = await opened(folder)
    expect(images[0]!.uri).toBe(`file://${folder}/%FF%E9.jpg`)
    await expectReadBack(images)
  })

  test('an image of more than 256 MiB is its own error, and not read', async () => {
    const folder = await temporaryFolder()
    const file = path.join(folder, 'huge.tif')
    await writeFile(file, '')
    const { truncate } = await import('node:fs/promises')
    await truncate(file, (256 << 20) + 1)
    const { images } = await opened(folder)
    await expect(images[0]!.bytes()).rejects.toHaveCode('ERR_WORDMASK_IMAGE_TOO_LARGE', /268435456 bytes/)
  })
})

describe('globs and single files', () => {
  test('matches below the fixed part, in the order of a folder', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, { 'a/1.jpg': '', 'a/2.png': '', 'b/1.jpg': '', 'b/c/1.jpg': '', 'b/c/.1.jpg': '' })
    const found = async (glob: string) => (await opened(path.join(folder, glob))).images.map(({ uri }) => path.relative(folder, uri))
    expect(await found('*/1.jpg')).toEqual(['a/1.jpg', 'b/1.jpg'])
    expect(await found('**/1.jpg')).toEqual(['a/1.jpg', 'b/1.jpg', 'b/c/1.jpg'])
    expect(await found('a/*.{jpg,png}')).toEqual(['a/1.jpg', 'a/2.png'])
  })

  test('a file whose name looks like a glob is that file', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, { 'a[1].jpg': 'x', 'a1.jpg': 'y' })
    const { images } = await opened(path.join(folder, 'a[1].jpg'))
    expect(images.map(({ uri }) => path.basename(uri))).toEqual(['a[1].jpg'])
  })
})

describe('nothing there', () => {
  test('a folder, a glob or a tar without images says what was looked for; a missing path says so', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, { 'notes.txt': '-', 'sub/.a.jpg': '-', 'empty.tar': await tarOf([['a.txt', 'no image']]) })
    await expect(opened(path.join(folder, 'sub'))).rejects.toHaveCode(
      'ERR_WORDMASK_FILE_NOT_FOUND',
      /no image in .*sub\. Looked for .*\.jpg.*\.tar.*hidden/,
    )
    await expect(opened(`${folder}/*.png`)).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /no image in/)
    await expect(opened(path.join(folder, 'empty.tar'))).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /tars with images/)
    await expect(opened(path.join(folder, 'nowhere'))).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /nowhere does not exist/)
    await writeFiles(folder, { 'a.bin': '' })
    await expect(opened(path.join(folder, 'a.bin'))).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /Say which it is/)
  })

  test('wrong calls: no sources, a misspelt option, a kind that is none', async () => {
    for (const sources of [[], 5, {}, ''] as never[]) await expect(opened(sources)).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT')
    await expect(opened('.', { caption: true } as never)).rejects.toHaveCode('ERR_WORDMASK_UNKNOWN_OPTION', /captions/)
    await expect(opened({ uri: '.', as: 'tarball' } as never)).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /"folder" or "glob"/)
    await expect(opened({ uri: '.', column: {} } as never)).rejects.toHaveCode('ERR_WORDMASK_UNKNOWN_OPTION', /columns/)
  })

  test('an abort ends the stream with its code', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, { 'a.jpg': 'a', 'b.jpg': 'b' })
    const controller = new AbortController()
    const read = async () => {
      for await (const _ of openSource(folder, { signal: controller.signal })) controller.abort()
    }
    await expect(read()).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
    await expect(opened(folder, { signal: AbortSignal.abort() })).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
    await expect(readPlace({ uri: path.join(folder, 'a.jpg') }, { signal: AbortSignal.abort() })).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
  })
})
