import type { Clip } from '../clip/clip'
import { throwIfAborted } from '../options'
import { type AddProgress, Progress } from './add-run'
import type { Target } from './commit'
import type { Known } from './contract'
import { embedImages } from './embed'
import { lookUp } from './known'
import { optimizeWherePays } from './maintain'
import type { AddImagesOptions } from './options'
import type { ArchiveRecord } from './records'
import type { Reject, SourceImage } from './types'
import { type ArchiveWriter, commitLeft } from './writer'

interface Adding {
  target: Target
  writer: ArchiveWriter
  clip: Clip
}

/** Archive.add, from the sources to the table. */
export async function addImages(
  { target, writer, clip }: Adding,
  images: (onReject: (reject: Reject) => void) => AsyncIterable<SourceImage> | Iterable<SourceImage>,
  { total, ...options }: AddImagesOptions & { signal: AbortSignal },
  report: (progress: AddProgress) => void,
): Promise<AddProgress> {
  const progress = new Progress(total)
  // What the source itself cannot read never becomes an image.
  const unread: ArchiveRecord[] = []
  const write = async (embedded: readonly ArchiveRecord[], skipped: number) => {
    const records = [...unread.splice(0), ...embedded]
    await writer.append(records)
    const rejected = records.filter((record) => 'reject' in record).length
    report(progress.add(records.length - rejected, skipped, rejected))
  }
  await commitLeft(target)
  const source = images((reject) => unread.push({ reject }))
  for await (const { records, skipped } of embedImages(clip, source, { ...options, known: (ids) => known(target, writer, ids) }))
    await write(records, skipped)
  if (unread.length > 0) await write([], 0)
  await writer.flush()
  await optimizeWherePays(target)
  return progress.now()
}

const recordsAtOnce = 256

/** Archive.addRecords. */
export async function addRecords(
  target: Target,
  writer: ArchiveWriter,
  records: AsyncIterable<ArchiveRecord> | Iterable<ArchiveRecord>,
  signal: AbortSignal | undefined,
): Promise<void> {
  let list: ArchiveRecord[] = []
  for await (const record of records) {
    throwIfAborted(signal)
    list.push(record)
    if (list.length < recordsAtOnce) continue
    await writer.append(list)
    list = []
  }
  await writer.append(list)
  await writer.flush()
  await optimizeWherePays(target)
}

/** From the journal, else from the tables as they are now: other writers may have added the same. */
async function known({ place, tables }: Target, writer: ArchiveWriter, ids: string[]): Promise<Map<string, Known>> {
  await tables.latest()
  await tables.rejects.checkoutLatest()
  const found = new Map([...(await lookUp(place, tables.rejects, ids)), ...(await lookUp(place, tables.images, ids))])
  for (const id of ids) {
    const waiting = writer.known(id)
    if (waiting) found.set(id, waiting)
  }
  return found
}
