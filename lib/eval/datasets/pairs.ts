import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Pair } from './types'

/** Where images and label maps lie; a pair is two files with the same id. */
export interface Place {
  labels: string
  labelSuffix: string
  notLabels: RegExp | undefined
  images: string
  imageSuffixes: readonly string[]
}

/** Hidden files (AppleDouble copies, say) are none. */
export function isLabelMap(name: string, suffix: string, not: RegExp | undefined): boolean {
  return name.endsWith(suffix) && !name.startsWith('.') && !not?.test(name.slice(0, -suffix.length))
}

/** Pairs in the order of a file with an id a line; what stands after a space in it is left aside. */
export async function* pairsOfList(list: string, place: Place): AsyncGenerator<Pair> {
  for await (const line of createInterface({ input: createReadStream(list), crlfDelay: Number.POSITIVE_INFINITY })) {
    const id = line.trim().split(/\s+/, 1)[0] as string
    if (id === '') continue
    const labels = labelsOf(place, id)
    const pair = await withImage(place, id, labels)
    yield (await isFile(labels)) ? pair : { ...pair, missing: 'labels' }
  }
}

/**
 * Pairs in sorted order of the label maps; then, unless the image folder is shared with other splits, the images that have
 * none. One folder's names are held at a time.
 */
export async function* pairsOfFolders(place: Place, sharedImages: boolean): AsyncGenerator<Pair> {
  const { labels, labelSuffix, notLabels, images, imageSuffixes } = place
  for await (const name of walk(labels)) {
    if (!isLabelMap(path.posix.basename(name), labelSuffix, notLabels)) continue
    yield withImage(place, name.slice(0, -labelSuffix.length), path.join(labels, name))
  }
  if (sharedImages) return
  for await (const name of walk(images)) {
    const suffix = imageSuffixes.find((ending) => name.endsWith(ending))
    if (suffix === undefined) continue
    const id = name.slice(0, -suffix.length)
    const file = labelsOf(place, id)
    if (!(await isFile(file))) yield { id, image: path.join(images, name), labels: file, missing: 'labels' }
  }
}

const labelsOf = ({ labels, labelSuffix }: Place, id: string) => path.join(labels, `${id}${labelSuffix}`)

async function withImage({ images, imageSuffixes }: Place, id: string, labels: string): Promise<Pair> {
  for (const suffix of imageSuffixes) {
    const image = path.join(images, `${id}${suffix}`)
    if (await isFile(image)) return { id, image, labels }
  }
  return { id, image: path.join(images, `${id}${imageSuffixes[0]}`), labels, missing: 'image' }
}

/** Files of a tree, sorted folder by folder, relative to it with '/'; hidden ones are left out. */
async function* walk(root: string, below = ''): AsyncGenerator<string> {
  const entries = await readdir(path.join(root, below), { withFileTypes: true }).catch(() => [])
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.')) continue
    const name = below === '' ? entry.name : `${below}/${entry.name}`
    const link = entry.isSymbolicLink() ? await stat(path.join(root, name)).catch(() => undefined) : entry
    if (link?.isDirectory()) yield* walk(root, name)
    else if (link?.isFile()) yield name
  }
}

const isFile = async (file: string) => (await stat(file).catch(() => undefined))?.isFile() === true
