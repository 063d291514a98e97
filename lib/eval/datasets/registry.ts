import { WordmaskError } from '../../errors'
import { nearest } from '../../options'
import { ade20k } from './ade20k'
import { cocoObject, cocoStuff, cocoStuff27 } from './coco'
import { context } from './context'
import { camvid, cityscapes, kittiStep } from './street'
import type { Dataset } from './types'
import { voc } from './voc'

/** Every benchmark, in the order of the help. */
export const datasets: readonly (() => Dataset)[] = [
  ade20k,
  () => context(false),
  () => context(true),
  () => voc(false),
  () => voc(true),
  cocoStuff,
  cocoStuff27,
  cocoObject,
  () => cityscapes(19),
  () => cityscapes(27),
  kittiStep,
  () => camvid('val'),
  () => camvid('test'),
]

const plain = (name: string) => name.toLowerCase().replace(/[-_ ]/g, '')

/** The benchmark behind a key or an alias; case, '-' and '_' do not tell names apart. @throws ERR_WORDMASK_INVALID_ARGUMENT */
export function datasetNamed(name: string): Dataset {
  const known: string[] = ['scenes', 'folder']
  for (const make of datasets) {
    const dataset = make()
    const names = [dataset.key, ...dataset.aliases]
    if (names.some((other) => plain(other) === plain(name))) return dataset
    known.push(...names)
  }
  const meant = nearest(name, known)
  const shown = datasets.map((make) => make().aliases[0] as string)
  throw new WordmaskError(
    'ERR_WORDMASK_INVALID_ARGUMENT',
    `No data set is called ${JSON.stringify(name.slice(0, 60))}. ${meant ? `Did you mean ${meant}? ` : ''}Known are scenes, folder, ${shown.join(', ')}, and detectron2's keys.`,
  )
}
