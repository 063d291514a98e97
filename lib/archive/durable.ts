import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * LanceDB leaves new files in the system's cache. Before the journal that holds the same rows is removed, they are made to
 * reach the disk: every file of these folders that changed since `since` (ms), and the folders themselves.
 */
export async function syncFolders(folders: readonly string[], since: number): Promise<void> {
  for (const folder of folders) {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
    await syncFolders(
      entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name)),
      since,
    )
    for (const entry of entries) {
      if (!entry.isFile()) continue
      const file = join(folder, entry.name)
      const found = await stat(file).catch(() => undefined)
      // Clocks of file systems are coarse.
      if (found && found.mtimeMs >= since - 2000) await sync(file)
    }
    if (entries.length > 0) await sync(folder)
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path).catch(() => undefined)
  try {
    await handle?.sync()
  } finally {
    await handle?.close()
  }
}
