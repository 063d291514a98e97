import { readFile, stat } from 'node:fs/promises'

/**
 * The bytes of a file. @throws what the system says; EINVAL for a pipe or a device, whose end may never come and which would
 * hold a thread of the process until then
 */
export async function readWhole(file: string): Promise<Buffer> {
  const found = await stat(file)
  if (found.isFile() || found.isDirectory()) return readFile(file)
  throw Object.assign(new Error(`${file} is no file but a pipe or a device`), { code: 'EINVAL' })
}
