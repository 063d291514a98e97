import { mkdirSync, statSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/**
 * Makes a folder and those above it, one at a time. Node's own `recursive` asks for ever where the system says that a folder
 * is missing in one that is there, as /proc does. `named` turns a path into what the system knows it by.
 * @throws what the system says, with its code
 */
export async function makeFolder(folder: string, named: (path: string) => string | Buffer = (path) => path): Promise<void> {
  const path = resolve(folder)
  const name = named(path)
  try {
    await mkdir(name)
  } catch (error) {
    if (await stat(name).then(isFolder, no)) return
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error
    await makeFolder(dirname(path), named)
    // Somebody else may have made it since.
    await mkdir(name).catch(async (last) => {
      if (!(await stat(name).then(isFolder, no))) throw last
    })
  }
}

/** The same, while the caller waits. */
export function makeFolderSync(folder: string): void {
  const path = resolve(folder)
  try {
    mkdirSync(path)
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error
    makeFolderSync(dirname(path))
    makeAgain(path)
  }
}

function makeAgain(path: string): void {
  try {
    mkdirSync(path)
  } catch (error) {
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error
  }
}

const isFolder = (found: { isDirectory(): boolean }) => found.isDirectory()
const no = () => false
