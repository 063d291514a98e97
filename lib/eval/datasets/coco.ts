import { type Candidate, chooseLayout } from './layout'
import { backgroundClass, type ClassList, classList, evalClasses, range } from './lists'
import type { Dataset } from './types'
import { valueMap } from './values'

const folders = ['coco', 'coco_stuff164k', 'coco_object', 'cocostuff', 'coco/coco_stuff']
const images = ['val2017', 'images/val2017']
/** Things come first, up to this id. */
const lastThing = 89

/** Which class a fine class is; undefined: the pixel does not count. */
type ClassOf = (fine: number) => number | undefined

/** The trees of COCO-Stuff labels: raw ids, detectron2's and MMSegmentation's train ids, ZegFormer's (seen, then unseen). */
function candidates(list: ClassList, classOf: ClassOf, unlabelled: number | undefined): Candidate[] {
  const fine = range(list.classes.length)
  const unseen = new Set(list.unseen?.names)
  const isUnseen = (i: number) => unseen.has((list.classes[i] as { name: string }).name)
  const seenFirst = [...fine.filter((i) => !isUnseen(i)), ...fine.filter(isUnseen)]
  const map = (value: (i: number) => number) => {
    const classes = fine.map((i) => [value(i), classOf(i)] as const)
    const counted = classes.filter((entry): entry is [number, number] => entry[1] !== undefined)
    const dropped = classes.filter(([, index]) => index === undefined).map(([of]) => of)
    const rest = unlabelled === undefined ? [] : [[255, unlabelled] as const]
    return valueMap([...counted, ...rest], unlabelled === undefined ? [...dropped, 255] : dropped)
  }
  const raw = map((i) => (list.classes[i] as { id: number }).id)
  const train = map((i) => i)
  const listIfAny = 'curated/val2017/Coco164kFull_Stuff_Coarse.txt'
  return [
    { labels: 'stuffthingmaps_detectron2/val2017', images, values: train },
    { labels: 'annotations/val2017', labelSuffix: '_labelTrainIds.png', images, values: train },
    { labels: 'stuffthingmaps/val2017', images, values: raw },
    { labels: 'annotations/val2017', notLabels: /TrainIds$/, images, listIfAny, values: raw },
    { labels: 'annotations_detectron2/val2017_all', images, values: map((i) => seenFirst.indexOf(i)) },
  ]
}

function shared(list: ClassList) {
  return { orient: false, recoResize: 'shorter:320,crop,nearest', nameSets: list.nameSets ?? {}, source: list.source }
}

/** COCO-Stuff val2017: 171 classes, unlabelled ignored. */
export function cocoStuff(): Dataset {
  const list = classList('coco-stuff-171')
  return {
    ...shared(list),
    key: 'coco_2017_test_stuff_sem_seg',
    aliases: ['COCO-171', 'COCO-Stuff-171', 'COCO-Stuff', 'coco_2017_val_stuff_sem_seg', 'coco_2017_val_all_stuff_sem_seg'],
    title: 'COCO-Stuff val2017, 171 classes',
    classes: evalClasses(list.classes),
    background: false,
    asked: list.classes.map(({ name }) => name),
    askedClass: range(list.classes.length),
    unseen: list.unseen,
    find: (root) =>
      chooseLayout(
        'COCO-Stuff',
        root,
        folders,
        candidates(list, (fine) => fine, undefined),
      ),
  }
}

/** The 171 names of COCO-Stuff are asked for; what is scored are the 27 coarse classes they belong to. */
export function cocoStuff27(): Dataset {
  const list = classList('coco-stuff-171')
  const coarse = list.classes.map((entry) => entry.coarse as number)
  return {
    ...shared(list),
    key: 'coco_stuff_27_sem_seg_val',
    aliases: ['COCO-27', 'COCO-Stuff-27'],
    title: 'COCO-Stuff val2017, 171 names scored as 27 coarse classes',
    classes: evalClasses((list.coarse as string[]).map((name) => ({ name }))),
    background: false,
    asked: list.classes.map(({ name }) => name),
    askedClass: coarse,
    find: (root) =>
      chooseLayout(
        'COCO-Stuff',
        root,
        folders,
        candidates(list, (fine) => coarse[fine], undefined),
      ),
  }
}

/** COCO-Object val2017: the 80 things and a background that everything else belongs to, unlabelled pixels too. */
export function cocoObject(): Dataset {
  const list = classList('coco-stuff-171')
  const things = list.classes.filter(({ id }) => id <= lastThing)
  const made = valueMap(range(things.length + 1).map((i) => [i, i] as const))
  const object = { labelSuffix: '_instanceTrainIds.png', images: ['images/val2017', 'val2017'], values: made }
  return {
    ...shared(list),
    key: 'coco_object_sem_seg_val',
    aliases: ['COCO-Obj', 'COCO-Object', 'COCO-81'],
    title: 'COCO-Object val2017, background and 80 classes',
    classes: [backgroundClass, ...evalClasses(things)],
    background: true,
    asked: things.map(({ name }) => name),
    askedClass: range(things.length, 1),
    nameSets: {},
    find: (root) =>
      chooseLayout('COCO-Object', root, folders, [
        { labels: 'annotations/val2017', ...object },
        { labels: 'annotations/val2017_cocoobject', ...object },
        ...candidates(list, (fine) => (fine < things.length ? fine + 1 : 0), 0),
      ]),
  }
}
