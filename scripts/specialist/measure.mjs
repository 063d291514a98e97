// A specialist, and the ReCo that it learnt from, against exact masks.
import { join } from 'node:path'
import { seeded } from '../../test/bench/curation/pool.mjs'
import { built, Segmenter } from '../../test/bench/reco/score.mjs'

const { CuratedSet, decodeImage } = built('./index.js')
const { imageFigures } = built('./specialist/figures.js')
const resamplings = 1000

/** ReCo has the references and the CRF that it had as the teacher. -> classes, figures, and both answers to every scene */
export async function measure({ index, name, folder, shipped }, { archive, contexts, scenes, seed }) {
  const own = await Segmenter.load(shipped)
  const set = await CuratedSet.load(join(folder, 'curated.jsonl'))
  const reco = await Segmenter.create({
    ...{ method: 'reco', archive, classes: own.classes, contexts, k: 'auto', window: 'perImage' },
    ...{ retrieve: { images: { [name]: set.classes[0].images.slice(0, 50) } }, references: join(folder, 'work', 'references') },
  })
  const answers = []
  for (const { file, caption, present, labels } of scenes) {
    const image = { ...(await decodeImage(file)), channels: 3 }
    const truth = labels.map((label) => Number(label === index))
    const masks = { own: await own.segment(image), reco: await reco.segment(image, { background: { names: contexts }, refine: 'crf' }) }
    answers.push({ file, caption, shown: present.includes(index), truth, ...masks })
  }
  const said = answers.map(({ own: { labels }, shown }) => ({ score: labels.includes(1) ? 1 : 0, shown }))
  const { precision, recall, falsePositivesPer1000, images } = imageFigures(said, 0.5)
  const showing = answers.filter(({ shown }) => shown)
  const figures = {
    ...{ iou: iou(answers, 'own', seed), recoIou: iou(answers, 'reco', seed) },
    ...{ shownIou: iou(showing, 'own', seed), shownRecoIou: iou(showing, 'reco', seed) },
    ...{ recall, precision, falsePositivesPer1000, images },
  }
  const { classes } = own
  for (const one of [own, reco]) await one[Symbol.asyncDispose]()
  return { classes, figures, answers }
}

/** Over the pictures together; 95% of the resamplings of them lie between low and high. */
function iou(answers, method, seed) {
  const counts = answers.map(({ truth, [method]: { labels } }) => {
    let [both, either] = [0, 0]
    for (let i = 0; i < truth.length; i++) {
      both += Number(labels[i] === 1 && truth[i] === 1)
      either += Number(labels[i] === 1 || truth[i] === 1)
    }
    return { both, either }
  })
  const over = (list) => list.reduce((sum, { both }) => sum + both, 0) / list.reduce((sum, { either }) => sum + either, 0)
  const next = seeded(seed)
  const again = () => over(counts.map(() => counts[Math.floor(next() * counts.length)]))
  const values = Array.from({ length: resamplings }, again).sort((a, b) => a - b)
  return { value: over(counts), low: values[0.025 * resamplings], high: values[0.975 * resamplings - 1] }
}
