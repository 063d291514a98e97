import { imageEndings } from '../../sources/endings'
import type { ClassEntry } from '../../text/classes'
import { chooseLayout } from './layout'
import { backgroundClass, range } from './lists'
import type { Dataset } from './types'
import { contiguous } from './values'

const labelFolders = ['labels', 'annotations', 'masks', 'SegmentationClass', '.']
const imageFolders = ['images', 'JPEGImages', 'imgs']
const lower = [...new Set(['.jpg', '.png', ...imageEndings])]
/** Cameras write them in capitals. */
const imageSuffixes = [...lower, ...lower.map((ending) => ending.toUpperCase())]

/**
 * Any folder of label maps: `images/` beside `labels/` (or annotations/, masks/), paired by stem. Label values are positions
 * in the class list; with a background 0 is background and names start at 1. 255 (65,535 in 16 bits) is ignored.
 */
export function folderOf(classes: readonly ClassEntry[], background: boolean, labels?: string): Dataset {
  const n = classes.length + (background ? 1 : 0)
  const scored = classes.map(({ name, color }) => ({ name, color }))
  // In a list of 256 names or more 255 is one of them, and maps have 16 bits.
  const values = contiguous(n, n > 255 ? [65535] : [255, 65535])
  return {
    key: 'folder',
    aliases: [],
    title: 'a folder of label maps',
    classes: background ? [backgroundClass, ...scored] : scored,
    background,
    asked: classes.map(({ name, synonyms }) => [name, ...synonyms].join(', ')),
    askedClass: range(classes.length, background ? 1 : 0),
    nameSets: {},
    recoResize: 'shorter:320,crop,bilinear',
    orient: true,
    source: 'the class list given',
    find: (root) =>
      chooseLayout(
        'label maps',
        root,
        [],
        (labels === undefined ? labelFolders : [labels]).map((folder) => ({ labels: folder, images: imageFolders, imageSuffixes, values })),
      ),
  }
}
