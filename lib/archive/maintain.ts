import { Index, type Table } from '@lancedb/lancedb'
import { z } from 'zod'
import { checkOptions } from '../options'
import type { Target } from './commit'
import type { OptimizeOptions } from './contract'
import { HiddenRows } from './hidden'
import { filtered, lance } from './lance'
import { withFileLock } from './lock'
import { commitLock } from './place'
import { hashesOf } from './read-rows'

const optimizeOptions = z.strictObject({ keepSeconds: z.number().nonnegative().optional() })

export async function optimize(target: Target, given: OptimizeOptions): Promise<void> {
  const { keepSeconds = 3600 } = checkOptions('optimize', optimizeOptions, given)
  const { place, tables } = target
  await withFileLock(commitLock(place), undefined, () =>
    lance(place, async () => {
      const cleanupOlderThan = new Date(Date.now() - keepSeconds * 1000)
      for (const table of [tables.images, tables.rejects, tables.hidden]) {
        await table.checkoutLatest()
        if (table !== tables.hidden) await indexIds(table)
        await table.optimize({ cleanupOlderThan })
      }
    }),
  )
}

/** From so many rows on, ids are found by an index. */
const indexedFrom = 20_000
/** Small archives are always made tidy; large ones when so many fragments have come together, since that copies up to a million rows. */
const smallArchive = 100_000
const manyFragments = 8

/** What the end of an `add` does. */
export async function optimizeWherePays(target: Target): Promise<void> {
  const { numRows, fragmentStats } = await lance(target.place, async () => {
    await target.tables.images.checkoutLatest()
    return target.tables.images.stats()
  })
  const { numSmallFragments } = fragmentStats
  if (numSmallFragments <= (numRows < smallArchive ? 1 : manyFragments)) return
  try {
    await optimize(target, {})
  } catch (error) {
    // Another writer came first, on an object store, which has no lock: the next one who finds it worth while does it.
    if (!/conflict/i.test(String((error as Error).cause))) throw error
  }
}

async function indexIds(table: Table): Promise<void> {
  if ((await table.countRows()) < indexedFrom) return
  const indices = await table.listIndices()
  if (!indices.some(({ columns }) => columns.includes('id_hash'))) await table.createIndex('id_hash', { config: Index.btree() })
}

/** Without hidden rows. */
export async function count(target: Target, where: string | undefined): Promise<number> {
  const { place, tables } = target
  const hidden = await HiddenRows.read(target)
  const { table } = await tables.latest()
  return filtered(place, where, async () => {
    if (hidden.none) return table.countRows(where)
    const all = table.query().select(['row_hash'])
    let seen = 0
    for await (const batch of where === undefined ? all : all.where(where)) {
      for (const hash of hashesOf(batch)) if (!hidden.has(hash)) seen++
    }
    return seen
  })
}

export async function remove({ place, tables }: Target, where: string): Promise<number> {
  return withFileLock(commitLock(place), undefined, async () => {
    const { table } = await tables.latest()
    return filtered(place, where, async () => (await table.delete(where)).numDeletedRows)
  })
}
