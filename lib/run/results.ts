import { open } from 'node:fs/promises'
import path from 'node:path'
import { runFileName } from './run-file'

/** As run.json begins; what `export` writes is a data set, and another format. */
const beginning = /^\{\s*"format": "wordmask-run"/

/**
 * Whether a command of ours wrote the folder: its overlays, label maps and cut-outs are results, and no images to work on.
 * @param folder a path, or one as the file system has it
 */
export async function holdsResults(folder: string | Buffer): Promise<boolean> {
  const file = typeof folder === 'string' ? path.join(folder, runFileName) : Buffer.concat([folder, Buffer.from(`/${runFileName}`)])
  const handle = await open(file).catch(() => undefined)
  if (handle === undefined) return false
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, 0)
    return beginning.test(buffer.toString('latin1', 0, bytesRead))
  } catch {
    return false
  } finally {
    await handle.close()
  }
}

/** Told of a walk that met such folders below the one that was named. */
export function describeResults(folders: readonly string[]): string {
  const [first] = folders
  return folders.length === 1
    ? `left out ${first}, which holds results of wordmask: name it to take its images, too`
    : `left out ${folders.length} folders that hold results of wordmask, such as ${first}: name one to take its images, too`
}
