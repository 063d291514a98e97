import { randomBytes } from 'node:crypto'
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { WordmaskError } from '../errors'
import { writeAtomic } from '../run/atomic'
import { makeFolder } from '../setup/make-folder'

const stateFile = '.export.json'

/**
 * A folder that is made beside its place and renamed when it is whole. Files within are whole or not there, so that an
 * interrupted export goes on where it stopped: what is there is not read again.
 */
export class Staging {
  private constructor(
    readonly into: string,
    readonly folder: string,
    private readonly overwrite: boolean,
    /** Files that an interrupted export left. */
    private readonly found: Set<string>,
  ) {}

  /** @param key what decides the content: a folder begun for something else is refused, or begun anew with `overwrite`. */
  static async open(into: string, key: string, overwrite: boolean): Promise<Staging> {
    const place = path.resolve(into)
    const taken = await stat(place).catch(() => undefined)
    if (taken && !taken.isDirectory()) throw refused(into, 'is a file')
    if (taken && !overwrite && (await readdir(place)).length > 0)
      throw refused(into, 'is not empty: choose another folder, or replace it with overwrite')
    // Whatever else lies there belongs to somebody.
    if (taken && overwrite && (await readdir(place)).length > 0 && !(await isExport(place)))
      throw refused(into, 'holds no export of wordmask, and is not replaced by one: choose another folder')
    const folder = `${place}.partial`
    const begun = await readState(folder)
    if (begun === 'foreign') throw refused(folder, 'is in the way and no export of wordmask: move it')
    if (begun !== undefined && begun !== key) {
      if (!overwrite) throw refused(folder, 'holds an interrupted export of something else: go on with that one, or give overwrite')
      await rm(folder, { recursive: true })
    }
    const found = begun === key ? await filesBelow(folder) : new Set<string>()
    await makeFolder(folder)
    await writeAtomic(path.join(folder, stateFile), `${JSON.stringify({ format: 'wordmask-export-state', key })}\n`)
    return new Staging(place, folder, overwrite, found)
  }

  path(name: string): string {
    return path.join(this.folder, name)
  }

  /** Whether an interrupted export left this file, whole. */
  has(name: string): boolean {
    return this.found.has(name)
  }

  write(name: string, data: Uint8Array | string): Promise<void> {
    return writeAtomic(this.path(name), data)
  }

  /** Takes away what holds nothing yet: a call that was refused leaves no trace. */
  async leave(): Promise<void> {
    if ((await filesBelow(this.folder)).size <= 1) await rm(this.folder, { recursive: true, force: true })
  }

  /** Puts the folder in its place. What it replaces goes only when the new one is there. */
  async finish(): Promise<void> {
    await rm(this.path(stateFile))
    const old = `${this.into}.old-${randomBytes(4).toString('hex')}`
    const replaced =
      this.overwrite &&
      (await rename(this.into, old).then(
        () => true,
        () => false,
      ))
    await rename(this.folder, this.into).catch((cause) => {
      throw new WordmaskError('ERR_WORDMASK_IO', `Cannot put the export in its place ${this.into}: ${cause.message}`, { cause })
    })
    if (replaced) await rm(old, { recursive: true, force: true })
  }
}

function refused(folder: string, why: string): WordmaskError {
  return new WordmaskError('ERR_WORDMASK_INVALID_ARGUMENT', `${folder} ${why}`)
}

async function isExport(folder: string): Promise<boolean> {
  const text = await readFile(path.join(folder, 'run.json'), 'utf8').catch(() => '')
  return /"format": ?"wordmask-export"/.test(text)
}

async function readState(folder: string): Promise<string | undefined> {
  const names = await readdir(folder).catch(() => undefined)
  if (names === undefined || names.length === 0) return undefined
  const text = await readFile(path.join(folder, stateFile), 'utf8').catch(() => '{}')
  return (JSON.parse(text) as { key?: string }).key ?? 'foreign'
}

/** Whole files, relative; those that a stop left half-written have a name of their own and go. */
async function filesBelow(folder: string): Promise<Set<string>> {
  const found = new Set<string>()
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue
    const file = path.join(entry.parentPath, entry.name)
    if (entry.name.endsWith('.partial')) await rm(file)
    else found.add(path.relative(folder, file).split(path.sep).join('/'))
  }
  return found
}
