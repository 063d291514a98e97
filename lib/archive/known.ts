import type { Table } from '@lancedb/lancedb'
import type { Known } from './contract'
import { hash64 } from './hashes'
import { lance } from './lance'
import type { ArchivePlace } from './place'

/** Ids asked for in one query. */
export const idsAtOnce = 1000

/**
 * Looks ids up in a table as it is now. The filter goes over the 64-bit hash, which a scalar index may serve; the ids themselves
 * decide. Memory: of these ids alone, whatever the size of the table.
 */
export async function lookUp(place: ArchivePlace, table: Table, ids: readonly string[]): Promise<Map<string, Known>> {
  const found = new Map<string, Known>()
  if (ids.length === 0) return found
  const wanted = new Set(ids)
  const hashed = (await table.schema()).fields.some(({ name }) => name === 'sha256')
  const columns = hashed ? ['id', 'version', 'sha256'] : ['id', 'version']
  await lance(place, async () => {
    for (let from = 0; from < ids.length; from += idsAtOnce) {
      const part = ids.slice(from, from + idsAtOnce)
      for await (const batch of table.query().where(hashIn(part)).select(columns)) {
        for (let i = 0; i < batch.numRows; i++) {
          const id = batch.getChild('id')?.get(i) as string
          if (!wanted.has(id)) continue
          found.set(id, { version: batch.getChild('version')?.get(i) ?? undefined, sha256: batch.getChild('sha256')?.get(i) ?? undefined })
        }
      }
    }
  })
  return found
}

export const hashIn = (ids: readonly string[]): string => `id_hash IN (${ids.map((id) => hash64(id)).join(', ')})`
