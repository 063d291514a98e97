import { symlinkSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { expandBraces } from '../../lib/sources/tar/braces'
import { opened, tarOf, temporaryFolder, writeFiles } from './files'

describe('braces', () => {
  test.each([
    ['{000..003}.tar', ['000.tar', '001.tar', '002.tar', '003.tar']],
    ['{8..10}.tar', ['8.tar', '9.tar', '10.tar']],
    ['{08..10}.tar', ['08.tar', '09.tar', '10.tar']],
    ['{2..0}', ['2', '1', '0']],
    ['{a,b}/{0..1}.tar', ['a/0.tar', 'a/1.tar', 'b/0.tar', 'b/1.tar']],
    ['{x}.tar', ['{x}.tar']],
    ['plain.tar', ['plain.tar']],
  ])('%s -> %j', (text, names) => expect([...expandBraces(text)]).toEqual(names))

  test('a billion names, or braces within braces, are refused', () => {
    for (const text of ['{0..1000000}', '{0..9999}{0..9999}', '{a,{b,c}}'])
      expect(() => [...expandBraces(text)]).toThrow(expect.toSatisfy((error) => error.code === 'ERR_WORDMASK_INVALID_ARGUMENT'))
  })

  test('a tar of a row that is not there is a reject, the others are read; none at all is an error', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, { '00.tar': await tarOf([['a.jpg', '0']]), '02.tar': await tarOf([['a.jpg', '2']]) })
    const { images, rejects } = await opened(path.join(folder, '{00..02}.tar'))
    expect(images.map(({ uri }) => path.basename(uri))).toEqual(['00.tar', '02.tar'])
    expect(rejects).toMatchObject([{ uri: path.join(folder, '01.tar'), code: 'ERR_WORDMASK_FILE_NOT_FOUND' }])
    symlinkSync('00.tar', path.join(folder, 'b{1..2}.tar'))
    expect((await opened(path.join(folder, 'b{1..2}.tar'))).images).toHaveLength(1)
    await expect(opened(path.join(folder, 'c{0..1}.tar'))).rejects.toHaveCode(
      'ERR_WORDMASK_FILE_NOT_FOUND',
      /c\{0\.\.1\}\.tar does not exist/,
    )
  })
})
