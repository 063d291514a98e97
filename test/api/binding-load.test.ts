import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { withFolder } from '../helpers/native'

// LibTorch is looked for when the addon is first used, so each test loads lib/binding afresh.
async function loading(): Promise<unknown> {
  vi.resetModules()
  const { binding } = await import('../../lib/binding')
  try {
    return binding()
  } catch (error) {
    return error
  }
}

describe('when LibTorch cannot be used', () => {
  beforeEach(() => vi.unstubAllEnvs())
  afterEach(() => vi.unstubAllEnvs())

  test('a folder that is not there: says what was tried and what to type', async () => {
    vi.stubEnv('WORDMASK_LIBTORCH', '/nowhere/libtorch')
    const error = await loading()
    expect(error).toHaveCode('ERR_WORDMASK_NATIVE_LOAD', /WORDMASK_LIBTORCH: \/nowhere\/libtorch does not exist/)
    expect(error).toHaveCode('ERR_WORDMASK_NATIVE_LOAD', /Run `npm run build`/)
  })

  test('another version: refused by its number before anything is opened', () =>
    withFolder(async (folder) => {
      await mkdir(`${folder}/lib`)
      for (const name of ['libc10.so', 'libtorch_cpu.so']) await writeFile(`${folder}/lib/${name}`, '')
      await writeFile(`${folder}/build-version`, '2.10.0')
      vi.stubEnv('WORDMASK_LIBTORCH', folder)
      expect(await loading()).toHaveCode('ERR_WORDMASK_NATIVE_LOAD', /is LibTorch 2\.10\.0; this package needs 2\.11\.0/)
    }))

  test("a damaged library: the loader's own words are in the message", () =>
    withFolder(async (folder) => {
      await mkdir(`${folder}/lib`)
      for (const name of ['libc10.so', 'libtorch_cpu.so']) await writeFile(`${folder}/lib/${name}`, 'not a library')
      await writeFile(`${folder}/build-version`, '2.11.0')
      vi.stubEnv('WORDMASK_LIBTORCH', folder)
      expect(await loading()).toHaveCode('ERR_WORDMASK_NATIVE_LOAD', /opening LibTorch at .*libc10\.so.*(too short|ELF)/)
    }))

  test('a link to the LibTorch in use loads: it is found by what it holds, not by its name', async () => {
    const { searchLibTorch } = await import('../../lib/setup')
    const { found } = searchLibTorch()
    await withFolder(async (folder) => {
      await symlink(dirname(found!.root), `${folder}/linked`)
      vi.stubEnv('WORDMASK_LIBTORCH', `${folder}/linked`)
      expect(await loading()).toHaveProperty('systemInfo')
    })
  })
})
