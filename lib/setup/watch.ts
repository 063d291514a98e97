import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Looks every quarter of a second, and once more at the end, how many bytes the wheels below a folder have; tells when they grew. */
export function watchFolder(folder: string, onBytes: (bytes: number) => void): { stop(): void } {
  let said = 0
  const look = () => {
    const bytes = wheelBytes(folder)
    if (bytes > said) onBytes(bytes)
    said = Math.max(said, bytes)
  }
  const timer = setInterval(look, 250)
  return {
    stop: () => {
      clearInterval(timer)
      look()
    },
  }
}

/** Only wheels: pip's cache writes a second copy of what arrives. */
function wheelBytes(folder: string): number {
  let bytes = 0
  try {
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (name.endsWith('.whl')) bytes += statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0
    }
  } catch {
    // A folder that pip removes while it is read: the next look sees what is there.
  }
  return bytes
}
