import { stat } from 'node:fs/promises'
import type { ArchiveStats } from './contract'
import { listSegments } from './journal'
import { lance } from './lance'
import type { OpenArchive } from './open'
import { journalFolder } from './place'
import { isUserColumn } from './schema'

const typeNames: Record<string, 'number' | 'string' | 'boolean'> = { Float64: 'number', Utf8: 'string', Bool: 'boolean' }

export async function archiveStats({ place, tables, identity }: OpenArchive): Promise<ArchiveStats> {
  const { table } = await tables.latest()
  return lance(place, async () => {
    const { fields } = await table.schema()
    const user = fields.filter(({ name }) => isUserColumn(name))
    const rejects: Record<string, number> = {}
    await tables.rejects.checkoutLatest()
    for await (const batch of tables.rejects.query().select(['code'])) {
      for (const code of batch.getChild('code') ?? []) rejects[code as string] = (rejects[code as string] ?? 0) + 1
    }
    await tables.hidden.checkoutLatest()
    const sizes = await Promise.all((await listSegments(journalFolder(place))).map(({ file }) => stat(file).catch(() => ({ size: 0 }))))
    return {
      uri: place.uri,
      model: identity.model,
      createdAt: identity.createdAt,
      rows: await table.countRows(),
      crops: await table.countRows('parent IS NOT NULL'),
      hidden: await tables.hidden.countRows(),
      rejects,
      bytes: (await table.stats()).totalBytes,
      journalBytes: sizes.reduce((sum, { size }) => sum + size, 0),
      columns: Object.fromEntries(user.map(({ name, type }) => [name, typeNames[type.toString()] ?? 'string'])),
    }
  })
}
