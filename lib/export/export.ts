import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { CuratedSet } from '../curate/curated-set'
import type { ReadImages } from '../curate/images'
import { invalidArgument, WordmaskError } from '../errors'
import { checkOptions, positiveInteger, type RunOptions, runOptions } from '../options'
import { exportClipRetrieval } from './clip-retrieval'
import { exportCoco } from './coco'
import { exportFolder } from './folder'
import { exportJsonl, exportParquet } from './lists'
import { type Job, type Rejected, writeRecord } from './record'
import { Staging } from './staging'
import { exportWebDataset } from './webdataset'

/**
 * - folder: a sub-folder a class with the images under safe names, images.jsonl
 * - webdataset: 00000.tar ...; a sample is the image, .json (its row), .cls (class index), .txt (caption, where there is one);
 *   classes.txt. An image of two classes is two samples
 * - parquet, jsonl: images.parquet, images.jsonl: a row an image and class; with `copy` or `link` the images too
 * - clip-retrieval: img_emb/img_emb_0.npy (float16) and metadata/metadata_0.parquet, row for row; needs the archive's vectors
 * - coco: coco.json with images (file_name, category_ids), categories, a box annotation for each crop; images/
 */
export type ExportFormat = 'folder' | 'webdataset' | 'parquet' | 'jsonl' | 'clip-retrieval' | 'coco'

export const exportFormats = ['folder', 'webdataset', 'parquet', 'jsonl', 'clip-retrieval', 'coco'] as const

export interface ExportOptions extends RunOptions {
  format: ExportFormat
  /** A local folder that is not there yet, or is empty. It is made beside, as `<into>.partial`, and renamed when it is whole. */
  into: string
  /** Write the images' own bytes, unchanged. Default for folder, webdataset and coco. */
  copy?: boolean
  /** Symbolic links instead, for images that are local files of their own; others are refused before anything is written. */
  link?: boolean
  /** Replace the export that `into` holds, once the new one is whole; a folder of other files is refused. Default false. */
  overwrite?: boolean
  /** Samples a tar, rows a partition of clip-retrieval. Default 1,000 and 1,000,000. */
  shardSize?: number
}

export interface ExportReport {
  into: string
  format: ExportFormat
  /** Rows, samples or files written for images; an image of two classes counts twice. */
  images: number
  /** Images that could not be read, also in rejects.jsonl. */
  rejected: Rejected[]
}

const exportOptions = z.strictObject({
  ...runOptions,
  format: z.enum(exportFormats),
  into: z.string().min(1),
  copy: z.boolean().optional(),
  link: z.boolean().optional(),
  overwrite: z.boolean().optional(),
  shardSize: positiveInteger.optional(),
})

const writers = {
  folder: exportFolder,
  webdataset: exportWebDataset,
  parquet: exportParquet,
  jsonl: exportJsonl,
  'clip-retrieval': exportClipRetrieval,
  coco: exportCoco,
}

/**
 * CuratedSet.export. Stopped by anything, the same call goes on: images that are in place are not read again.
 * @throws ERR_WORDMASK_INVALID_ARGUMENT, ERR_WORDMASK_IO, ERR_WORDMASK_ABORTED
 */
export async function exportSet(set: CuratedSet, read: ReadImages, given: ExportOptions): Promise<ExportReport> {
  const options = checkOptions('export', exportOptions, given)
  const { format, into, overwrite = false, signal, onProgress } = options
  if (/^[a-z0-9+.-]{2,}:\/\//i.test(into) && !into.startsWith('file://'))
    throw invalidArgument('export: into', 'a local folder (exports are renamed into place; copy it to the object store from there)', into)
  const files = filesOf(options)
  const shardSize = options.shardSize ?? (format === 'clip-retrieval' ? 1_000_000 : 1000)
  const key = createHash('sha256')
    .update(JSON.stringify([set.key, format, files, shardSize]))
    .digest('hex')
    .slice(0, 16)
  const staging = await Staging.open(into.replace(/^file:\/\//, ''), key, overwrite).catch((cause) => {
    throw ours(cause, into)
  })
  const job: Job = { set, read, staging, files, shardSize, signal, onProgress, rejected: [] }
  try {
    const images = await writers[format](job)
    await writeRecord(job, format, images)
    await staging.finish()
    return { into: staging.into, format, images, rejected: job.rejected }
  } catch (error) {
    await staging.leave().catch(() => {})
    throw ours(error, into)
  }
}

/** Errors of the file system get our code; what was written so far waits for the same call. */
function ours(error: unknown, into: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException
  if (error instanceof WordmaskError || typeof code !== 'string') return error
  return new WordmaskError('ERR_WORDMASK_IO', `Cannot export to ${into}: ${message}`, { cause: error })
}

/** What becomes of the images' files. */
function filesOf({ format, copy, link }: z.infer<typeof exportOptions>): Job['files'] {
  if (copy === true && link === true) throw invalidArgument('export', 'copy or link', 'both')
  if (format === 'clip-retrieval' && (copy || link))
    throw invalidArgument('export', 'neither copy nor link for clip-retrieval', 'one of them')
  if (format === 'webdataset' && (link === true || copy === false))
    throw invalidArgument('export', 'copy for webdataset: a tar holds the bytes themselves', link ? 'link' : 'copy: false')
  if (link === true) return 'link'
  const own = format === 'folder' || format === 'webdataset' || format === 'coco'
  if (format === 'folder' && copy === false) throw invalidArgument('export', 'copy or link for folder, or the format jsonl', 'copy: false')
  return (copy ?? own) ? 'copy' : 'none'
}
