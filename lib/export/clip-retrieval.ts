import { WordmaskError } from '../errors'
import { throwIfAborted } from '../options'
import { npyHalf } from './npy'
import { writeParquet } from './parquet'
import type { Job } from './record'
import { rowOf } from './rows'

/** Partitions as clip-retrieval's inference writes them: row i of img_emb_n.npy is row i of metadata_n.parquet. */
export async function exportClipRetrieval(job: Job): Promise<number> {
  const { set, staging, shardSize, signal } = job
  if (set.vectors === undefined)
    throw new WordmaskError(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      'clip-retrieval holds vectors, which curated.jsonl does not: export the set that archive.curate() gave, or with wordmask export --archive ARCHIVE',
    )
  const index = new Map(set.classes.map(({ entry }, i) => [entry.name, i]))
  const all = [...set.images()]
  for (let first = 0, part = 0; first < all.length || part === 0; first += shardSize, part++) {
    throwIfAborted(signal)
    const images = all.slice(first, first + shardSize)
    const { data, dim } = await set.vectors(
      images.map(({ id }) => id),
      signal,
    )
    // clip-retrieval finds the picture of a row under image_path.
    const rows = images.map((image) => ({ image_path: image.uri, ...rowOf(image, index.get(image.class) as number) }))
    await staging.write(`img_emb/img_emb_${part}.npy`, npyHalf(data, images.length, dim))
    await writeParquet(staging.path(`metadata/metadata_${part}.parquet`), rows)
    job.onProgress?.(Math.min(all.length, first + shardSize), all.length)
  }
  return all.length
}
