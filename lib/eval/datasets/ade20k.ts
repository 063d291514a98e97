import { chooseLayout } from './layout'
import { classList, evalClasses, range } from './lists'
import type { Dataset } from './types'
import { contiguous, shifted } from './values'

/** ADE20K (SceneParse150) validation, 150 classes; what is other is ignored. */
export function ade20k(): Dataset {
  const list = classList('ade20k-150')
  const n = list.classes.length
  const images = ['images/validation']
  return {
    key: 'ade20k_sem_seg_val',
    aliases: ['A-150', 'ADE-150', 'ADE20K'],
    title: 'ADE20K validation, 150 classes',
    classes: evalClasses(list.classes),
    background: false,
    asked: list.classes.map(({ name }) => name),
    askedClass: range(n),
    nameSets: list.nameSets ?? {},
    recoResize: 'shorter:320,crop,bilinear',
    orient: false,
    source: list.source,
    find: (root) =>
      chooseLayout(
        'ADE20K',
        root,
        ['ADEChallengeData2016', 'ade/ADEChallengeData2016', 'ade20k/ADEChallengeData2016'],
        [
          { labels: 'annotations_detectron2/validation', images, values: contiguous(n) },
          { labels: 'annotations/validation', images, values: shifted(n, 1, [0]) },
        ],
      ),
  }
}
