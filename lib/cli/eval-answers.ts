import type { ClassMap } from '../eval/class-map'
import { type Dataset, ignored, type Layout, type Pair } from '../eval/datasets/types'
import { readImage } from '../eval/fit'
import { PredictionFolder } from '../eval/predictions'
import type { ProtocolPoints } from '../eval/published'
import { answerable, askOf, type Question, sameNames } from '../eval/question'
import { parseSlide, sizeFor, type View, viewOf, viewPoints } from '../eval/view'
import type { Segmentation, Segmenter } from '../index'
import { refinementName } from '../refine/options'
import type { Background } from '../segmenter/options'
import type { Protocol } from '../segmenter/segmentation'
import { parseClasses } from '../text/classes'
import { type Templates, templateList } from '../text/prompts'
import type { EvalFlags } from './commands/eval'
import { type LoadedModel, readTemplates, type TemplatesFlag } from './model'
import type { Context } from './program'
import { recoOptions } from './reco-flags'
import { openSegmenter } from './segmenter'
import { mustBeThere } from './usage'

/** Where predictions come from: a model, or maps that are there. */
export interface Answers {
  /** undefined: maps whose maker is not known. */
  method: string | undefined
  view: View
  /** EXIF orientation is applied. */
  orient: boolean
  points: ProtocolPoints
  facts: LoadedModel['facts']
  notes: string[]
  /** Names asked for. */
  names: string[]
  /** What decides the figures, beside data set and view. */
  settings: Record<string, unknown>
  predictions: PredictionFolder | undefined
  /** `how`: points of protocol that an answer itself tells. */
  answer(pair: Pair): Promise<{ map: ClassMap; how: ProtocolPoints }>
  dispose(): Promise<void>
}

/** A model's answers; the model is loaded here. */
export async function modelAnswers(dataset: Dataset, options: EvalFlags, context: Context): Promise<Answers> {
  const templates = await readTemplates(options.templates)
  const { segmenter, model, question, dispose } = await openAsked(dataset, options, templates, context)
  const view = viewFor(dataset, options)
  const { clip } = segmenter
  const orient = dataset.orient && options.orient
  const used = templates ?? segmenter.defaults.templates
  const settings = {
    method: segmenter.method,
    model: options.model ?? null,
    archive: options.archive ?? null,
    ...(segmenter.method === 'reco' && options.model === undefined && { reco: recoOptions(options) }),
    dtype: options.dtype,
    templates: used,
    background: question.background,
    refine: options.refine,
    names: question.classes,
    orient,
  }
  return {
    method: segmenter.method,
    view,
    orient,
    points: {
      method: segmenter.method,
      model: clip.info.name,
      ...namePoints(question, used),
      ...viewPoints(view, segmenter.defaults.size),
    },
    facts: model.facts,
    notes: [...model.notes, ...question.notes],
    names: question.classes.map(({ name }) => name),
    settings,
    predictions: undefined,
    answer: async (pair) => {
      const image = await readImage(pair.image, view.resize, orient)
      const asked = { classes: question.classes, background: question.background ?? null, templates: used, refine: options.refine }
      const answer = await segmenter.segment(image, { ...asked, size: sizeFor(view, image), slide: view.slide })
      return { map: inClasses(answer, question), how: answerPoints(answer.protocol, view) }
    },
    dispose,
  }
}

/** Maps of a folder as answers. */
export async function folderAnswers(dataset: Dataset, layout: Layout, options: EvalFlags): Promise<Answers> {
  const { binding } = await import('../binding.js')
  const { torch, build, threads } = binding().systemInfo()
  const folder = new PredictionFolder(options.pred as string, dataset.classes.length, layout, options.predIds)
  const view = viewFor(dataset, options)
  const { resize, 'scored at': at } = viewPoints(view, undefined)
  return {
    method: undefined,
    view,
    orient: false,
    points: { predictions: `label maps of ${options.pred}`, resize: resize as string, 'scored at': at as string },
    facts: {
      model: { name: 'label maps', family: 'none', licence: 'unknown', weights: [] },
      ...{ device: 'none', dtype: 'none', libtorch: torch, addon: build, threads },
    },
    notes: [],
    names: dataset.classes.map(({ name }) => name),
    settings: { pred: folder.folder, predIds: options.predIds },
    predictions: folder,
    answer: async (pair) => ({ map: await folder.read(await folder.fileOf(pair)), how: {} }),
    dispose: async () => {},
  }
}

function viewFor(dataset: Dataset, { protocol, resize, size, slide }: EvalFlags): View {
  return viewOf(protocol, dataset, { resize, size, slide: slide === undefined ? undefined : parseSlide(slide) })
}

async function openAsked(dataset: Dataset, options: EvalFlags, templates: TemplatesFlag, context: Context) {
  if (options.model === undefined) {
    const question = await mustBeThere(askOf(dataset, options.names, options.background))
    const asked = { ...options, background: question.background, size: undefined }
    return { ...(await openSegmenter(asked, question.classes, templates, context)), question }
  }
  const own = parseClasses(dataset.asked.map((line) => line.split(',')[0] as string))
  const opened = await openSegmenter(options, own, templates, context)
  return { ...opened, question: await askSaved(dataset, opened.segmenter, options) }
}

/** A saved segmenter keeps its own spelling, synonyms and background where its names are those of the data set. */
async function askSaved(dataset: Dataset, segmenter: Segmenter, options: EvalFlags): Promise<Question> {
  const background: Background | undefined = options.background ?? segmenter.defaults.background
  const { classes } = segmenter
  const known = [dataset.asked, ...Object.values(dataset.nameSets)].map((set) =>
    parseClasses(set.map((line) => line.split(',')[0] as string)),
  )
  if (options.names === undefined && classes && known.some((set) => sameNames(set, classes))) {
    const rule = background ?? (dataset.background ? { names: ['background'] } : undefined)
    return answerable(dataset, [...classes], dataset.askedClass, rule, 'of the saved segmenter')
  }
  return mustBeThere(askOf(dataset, options.names, background))
}

function inClasses({ labels, width, height }: Segmentation, { table }: Question): ClassMap {
  const classes = new Uint16Array(labels.length)
  for (let i = 0; i < labels.length; i++) classes[i] = table[labels[i] as number] ?? ignored
  return { classes, width, height }
}

function namePoints({ names, classes, background }: Question, templates: Templates): ProtocolPoints {
  const count = templateList(templates).length
  const words = typeof templates === 'string' ? `${templates} (${count})` : count === 1 ? JSON.stringify(templates[0]) : `${count} own`
  const rule = !background ? 'none' : 'names' in background ? `names ${background.names.join(', ')}` : `threshold ${background.threshold}`
  return { names, 'names asked for': String(classes.length), templates: words, background: rule }
}

/** What only an answer tells: the model and the size it saw, and what a method adds. */
function answerPoints(protocol: Protocol, view: View): ProtocolPoints {
  const { model, size, refine, reco } = protocol
  const yes = (value: boolean) => (value ? 'yes' : 'no')
  return {
    model,
    ...(view.size === undefined && { size: String(Math.min(size.width, size.height)) }),
    refinement: refine ? refinementName(refine) : 'none',
    ...(reco && {
      encoder: reco.encoder,
      archive: `k = ${reco.k} by ${reco.retrieval}`,
      windows: reco.window,
      guidance: yes(reco.guidance),
      elimination: yes(reco.elimination),
    }),
  }
}
