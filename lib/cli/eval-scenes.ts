import { type ScenesProtocol, scenesDefaults } from '../eval/protocol'
import { evaluateScenes, type MiouFigures, type ScenesFigures } from '../eval/scenes'
import type { EvalInput, EvalJob, Evaluation } from './eval'
import { progress } from './terminal'

export async function scenesJob({ options, templates, model: { clip }, context }: EvalInput): Promise<EvalJob> {
  const { Segmenter } = await import('../index.js')
  const { binding } = await import('../binding.js')
  const { scenePackFiles } = await import('../eval/scene-pack.js')
  const native = binding()
  const pack = await native.ScenePack.open(scenePackFiles(options.split), {})
  const protocol: ScenesProtocol = {
    split: options.split,
    count: options.count,
    size: options.size ?? scenesDefaults.size,
    seed: options.seed,
    templates: templates ?? clip.source.templates,
  }
  const run = async (): Promise<ScenesFigures> => {
    // A batch of scenes is segmented at once.
    const waiting = { maxPending: options.batchSize }
    const segmenter = await Segmenter.create({
      ...waiting,
      method: options.method as 'maskclip', // evaluateCommand lets no other come here
      refine: options.refine,
      clip,
      classes: pack.names,
      templates: protocol.templates,
    })
    const bar = await progress('scenes', options.count, options.json ?? false)
    return evaluateScenes({
      ...{ clip, segmenter, pack, protocol, confusion: native.confusion, batchSize: options.batchSize, signal: context.interrupt.stop },
      onProgress: (done) => bar.step(done),
    }).finally(() => bar.stop())
  }
  return {
    classes: pack.names,
    settings: { dataset: 'scenes', ...protocol },
    run: async (record) => {
      const figures = await run()
      record.counts.done = protocol.count
      return describe(figures, protocol, pack)
    },
  }
}

function describe(figures: ScenesFigures, protocol: ScenesProtocol, pack: { names: string[]; concepts: number }): Evaluation {
  const { noun, caption, zeroShot, miouAll, miouPresent, perClass } = figures
  const miou = (name: string, { chance, ...figures }: MiouFigures) =>
    (['all', 'objects', 'backgrounds'] as const).map((part) => ({
      measure: part === 'all' ? name : `${name}: ${part}`,
      value: figures[part],
      chance: chance[part],
    }))
  return {
    protocol: { dataset: 'scenes', ...protocol, names: pack.names.length, objects: pack.concepts },
    rows: [
      ...['noun R@1', 'noun R@5'].map((measure, k) => ({ measure, value: noun.recall[k]!, chance: noun.chance[k]! })),
      ...['caption R@1', 'caption R@5'].map((measure, k) => ({ measure, value: caption.recall[k]!, chance: caption.chance[k]! })),
      { measure: 'zero-shot accuracy', value: zeroShot.accuracy, chance: zeroShot.chance },
      ...miou('mIoU all names', miouAll),
      ...miou('mIoU present names', miouPresent),
    ],
    figures: { noun: brief(noun), caption: brief(caption), zeroShot, miouAll, miouPresent },
    perClass: perClass.map(({ rank, ...row }) => ({ ...row, firstRight: rank < 0 ? undefined : rank + 1 })),
  }
}

/** R@k without the rank of every query. */
function brief({ recall, chance, queries }: { recall: number[]; chance: number[]; queries: number }) {
  return { r1: recall[0], r5: recall[1], chanceR1: chance[0], chanceR5: chance[1], queries }
}
