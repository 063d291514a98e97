// Archive.add of a folder into a new archive, until all is committed: { weights, dtype, folder, batch }. Result: the vectors, by file.
import { join } from 'node:path'
import { scratch, wordmask } from '../archive/common.mjs'
import { serve } from '../harness/serve.mjs'
import { about } from './wordmask.mjs'

const { Archive, Clip } = wordmask

await serve(async ({ weights, dtype, folder, batch }) => {
  const clip = await Clip.load(weights, { dtype, device: 'cpu' })
  const place = scratch('add')
  let made = 0

  async function add(look) {
    const began = performance.now()
    const archive = await Archive.open(join(place, String(made++)), { clip })
    await archive.add(folder, { captions: false, batchSize: batch })
    const seconds = (performance.now() - began) / 1000
    const found = await look?.(archive)
    await archive.close()
    return found ?? seconds
  }

  async function vectors(archive) {
    const rows = []
    for await (const row of archive.rows({ return: ['uri', 'vector'] })) rows.push(row)
    rows.sort((a, b) => (a.uri < b.uri ? -1 : 1))
    return { data: rows.flatMap(({ vector }) => [...vector]), shape: [rows.length, clip.info.embedDim] }
  }

  return {
    ...about(),
    note: 'hashes, perceptual hashes, the journal and the table on disk included',
    run: () => add(vectors),
    measure: () => add(),
    dispose: () => clip.dispose(),
  }
})
