import { WordmaskError } from '../errors'
import type { Store } from '../storage/store'

const ending = '.json'

/** The content, or undefined where there is no such file. @throws ERR_WORDMASK_IO for what is no JSON */
export async function readJson<T>(store: Store, uri: string): Promise<T | undefined> {
  const data = await readIfThere(store, uri)
  if (data === undefined) return undefined
  try {
    return JSON.parse(data.toString('utf8')) as T
  } catch (cause) {
    throw new WordmaskError('ERR_WORDMASK_IO', `${uri} is damaged: it is no JSON. Remove it and run the same command again`, { cause })
  }
}

/** The bytes, or undefined where there is no such file. */
export async function readIfThere(store: Store, uri: string, options?: { signal?: AbortSignal }): Promise<Buffer | undefined> {
  try {
    return await store.read(uri, options)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

export function writeJson(store: Store, uri: string, value: unknown, options?: { ifAbsent?: boolean }): Promise<boolean> {
  return store.put(uri, `${JSON.stringify(value)}\n`, options)
}

/** Names of the JSON files of a folder, without ending, in ascending order; none for a folder that is not there. */
export async function listNames(store: Store, folder: string, options?: { signal?: AbortSignal }): Promise<string[]> {
  const names: string[] = []
  try {
    for await (const { uri } of store.list(folder, options)) {
      const name = uri.slice(uri.lastIndexOf('/') + 1)
      // What begins with a dot is being written.
      if (name.endsWith(ending) && !name.startsWith('.')) names.push(name.slice(0, -ending.length))
    }
  } catch (error) {
    if (!isMissing(error)) throw error
  }
  return names.sort()
}

export function isMissing(error: unknown): boolean {
  const { code } = error as { code?: string }
  return code === 'ERR_WORDMASK_NOT_FOUND' || code === 'ERR_WORDMASK_FILE_NOT_FOUND'
}
