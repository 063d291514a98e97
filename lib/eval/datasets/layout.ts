import { opendir, stat } from 'node:fs/promises'
import path from 'node:path'
import { WordmaskError } from '../../errors'
import { isLabelMap, pairsOfFolders, pairsOfList } from './pairs'
import type { Layout } from './types'

/** One way a data set lies on disks; folders are below the data set's own folder. */
export interface Candidate {
  labels: string
  /** Ending of a label map's name after its id. */
  labelSuffix?: string
  /** Label maps whose id ends so belong to another candidate. */
  notLabels?: RegExp
  /** Folders the images may be in. */
  images: readonly string[]
  imageSuffixes?: readonly string[]
  /** A file with an id a line. */
  list?: string
  /** The same, used where it is there. */
  listIfAny?: string
  /** The image folder holds the images of other splits, too: one without a label map is none of ours. */
  sharedImages?: boolean
  values: Uint16Array
  read?: Layout['read']
}

/**
 * The first candidate that lies below the root, or below one of `folders` in it: a root may be the folder of one data set or
 * of all, as DETECTRON2_DATASETS is.
 * @throws ERR_WORDMASK_FILE_NOT_FOUND, naming what was looked for
 */
export async function chooseLayout(
  title: string,
  root: string,
  folders: readonly string[],
  candidates: readonly Candidate[],
): Promise<Layout> {
  if (!(await isFolder(root))) throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `The root ${root} of ${title} is no folder`)
  for (const folder of ['', ...folders]) {
    for (const candidate of candidates) {
      const at = path.join(root, folder)
      if (await fits(at, candidate)) return layoutOf(root, at, candidate)
    }
  }
  const looked = candidates.map(({ labels, labelSuffix = '.png', list }) => `${labels}/*${labelSuffix}${list ? ` with ${list}` : ''}`)
  throw new WordmaskError(
    'ERR_WORDMASK_FILE_NOT_FOUND',
    `No ${title} below ${root}: looked there${folders.length > 0 ? ` and in ${folders.join(', ')}` : ''} for ${[...new Set(looked)].join('; ')}`,
  )
}

async function fits(at: string, { labels, labelSuffix = '.png', notLabels, list }: Candidate): Promise<boolean> {
  if (list !== undefined && !(await isFile(path.join(at, list)))) return false
  const folder = path.join(at, labels)
  return (await isFolder(folder)) && holds(folder, labelSuffix, notLabels)
}

/** Whether a folder or one of its own folders holds a file with this ending. */
async function holds(folder: string, suffix: string, not: RegExp | undefined): Promise<boolean> {
  for await (const entry of await opendir(folder)) {
    if (entry.isDirectory() ? await holds(path.join(folder, entry.name), suffix, not) : isLabelMap(entry.name, suffix, not)) return true
  }
  return false
}

async function layoutOf(root: string, at: string, candidate: Candidate): Promise<Layout> {
  const { labels, labelSuffix = '.png', images, imageSuffixes = ['.jpg', '.png', '.jpeg'], notLabels, values, read = 'grey' } = candidate
  const found = await Promise.all(images.map((folder) => isFolder(path.join(at, folder))))
  const imageFolder = images[Math.max(0, found.indexOf(true))] as string
  const place = { labels: path.join(at, labels), labelSuffix, notLabels, images: path.join(at, imageFolder), imageSuffixes }
  const list =
    candidate.list ?? (candidate.listIfAny && (await isFile(path.join(at, candidate.listIfAny))) ? candidate.listIfAny : undefined)
  const shown = (folder: string) => path.relative(root, path.join(at, folder)).replaceAll(path.sep, '/') || '.'
  return {
    description: `${shown(imageFolder)}, ${shown(labels)}/*${labelSuffix}${list ? `, ${shown(list)}` : ''}`,
    values,
    read,
    pairs: () => (list ? pairsOfList(path.join(at, list), place) : pairsOfFolders(place, candidate.sharedImages ?? false)),
  }
}

const isFolder = async (file: string) => (await stat(file).catch(() => undefined))?.isDirectory() === true
const isFile = async (file: string) => (await stat(file).catch(() => undefined))?.isFile() === true
