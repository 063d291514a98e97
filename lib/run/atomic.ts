import { randomBytes } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { WordmaskError } from '../errors'
import { makeFolder } from '../setup/make-folder'

/** Text gathered before it is written. */
const pieceLength = 1 << 16

/**
 * Writes beside, then renames: a reader sees the old file or the whole new one, also after a crash of the process. `sync`
 * waits for the disk as well, for the few files that must survive a power cut. Makes the folder.
 */
export async function writeAtomic(file: string, data: string | Uint8Array, { sync = false } = {}): Promise<void> {
  await writeBeside(file, async (handle) => {
    await handle.writeFile(data)
    if (sync) await handle.sync()
  })
}

/** As writeAtomic, for a file that is given in parts. */
export async function writeAtomicBytes(file: string, parts: Iterable<Uint8Array>): Promise<void> {
  await writeBeside(file, async (handle) => {
    for (const part of parts) await handle.writeFile(part)
  })
}

/** As writeAtomic, for text of any length. What `parts` throws is thrown as it is. */
export async function writeAtomicParts(file: string, parts: Iterable<string> | AsyncIterable<string>): Promise<void> {
  let thrown: { error: unknown } | undefined
  const own = async function* () {
    try {
      yield* parts
    } catch (error) {
      thrown = { error }
      throw error
    }
  }
  try {
    await writeBeside(file, async (handle) => {
      let piece = ''
      for await (const part of own()) {
        piece += part
        if (piece.length < pieceLength) continue
        await handle.writeFile(piece)
        piece = ''
      }
      await handle.writeFile(piece)
    })
  } catch (error) {
    throw thrown ? thrown.error : error
  }
}

/** Text that is put aside, on the disk, until its turn in a file comes. */
export class Spool {
  private piece = ''
  private constructor(
    private readonly path: string,
    private readonly handle: FileHandle,
  ) {}

  /** Beside `file`, whose folder is made. */
  static async beside(file: string): Promise<Spool> {
    const beside = besideOf(file)
    try {
      await makeFolder(path.dirname(file))
      return new Spool(beside, await open(beside, 'wx+'))
    } catch (cause) {
      throw cannotWrite(beside, cause)
    }
  }

  async add(text: string): Promise<void> {
    this.piece += text
    if (this.piece.length >= pieceLength) await this.flush()
  }

  /** All of it, in pieces. */
  async *read(): AsyncGenerator<string> {
    await this.flush()
    yield* this.handle.createReadStream({ start: 0, encoding: 'utf8', autoClose: false })
  }

  async remove(): Promise<void> {
    await this.handle.close()
    await rm(this.path, { force: true }).catch(() => {})
  }

  private async flush(): Promise<void> {
    const { piece } = this
    this.piece = ''
    await this.handle.writeFile(piece).catch((cause) => {
      throw cannotWrite(this.path, cause)
    })
  }
}

async function writeBeside(file: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
  const beside = besideOf(file)
  try {
    await makeFolder(path.dirname(file))
    const handle = await open(beside, 'w')
    try {
      await write(handle)
    } finally {
      await handle.close()
    }
    await rename(beside, file)
  } catch (cause) {
    await rm(beside, { force: true }).catch(() => {})
    throw cannotWrite(file, cause)
  }
}

/** A name may be as long as the disk takes, and then leaves no room for more: its beginning says enough. */
export function besideOf(file: string): string {
  const begin = [...path.basename(file)].slice(0, 40).join('')
  return path.join(path.dirname(file), `.${begin}.${randomBytes(4).toString('hex')}.partial`)
}

/** Whether it is the disk that takes nothing more, and not one file that cannot be written. */
export function isDiskFull(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as NodeJS.ErrnoException
  return ['ENOSPC', 'EDQUOT', 'EROFS'].includes(code ?? '') || (cause !== undefined && isDiskFull(cause))
}

function cannotWrite(file: string, cause: unknown): WordmaskError {
  return new WordmaskError('ERR_WORDMASK_IO', `Cannot write ${file}: ${(cause as Error).message}`, { cause })
}
