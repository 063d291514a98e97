import { existsSync } from 'node:fs'
import path from 'node:path'
import type { ArchiveRow, BuildSpecialistOptions, Specialist, WordmaskError } from '../index'
import { refuseOtherRun } from '../run/output-folder'
import { RunRecord, readRunIfAny } from '../run/run-file'
import type { CardName } from '../specialist/card'
import type { ClassEntry } from '../text/classes'
import { type OpenedArchive, openWithModel } from './archive/open'
import { classesOf } from './classes'
import type { SpecialistFlags } from './commands/specialist'
import type { Context } from './program'
import { figure, progress, quoted, sayRejected, seconds, shownPath, speak } from './terminal'
import { exitCodes } from './usage'

type Flags = SpecialistFlags & { archive: string }

export async function buildSpecialistCommand(given: string, flags: Flags, context: Context): Promise<void> {
  const json = flags.json ?? false
  const { buildSpecialist } = await import('../index.js')
  const { slug } = await import('../specialist/presence.js')
  const classes = await classesOf(given)
  const into = path.resolve(flags.into ?? slug(classes[0]?.name ?? 'specialist'))
  const opened = await openWithModel(flags.archive, flags, context, { readOnly: true, create: false })
  const started = Date.now()
  const bar = await progress('', 0, json)
  try {
    const settings = optionsOf(flags)
    const facts = runFacts(flags, classes, opened, settings, context)
    // What ended before it began leaves nothing to go on from, but for results of another command.
    const begun = existsSync(path.join(into, 'work')) || (await readRunIfAny(into))?.command !== facts.command
    if (begun) await refuseOtherRun(into, facts, undefined)
    const record = await RunRecord.start(into, facts)
    try {
      const specialist = await buildSpecialist({
        ...settings,
        ...{
          names: classes.map(({ id: _, prompts, ...entry }) => ({ ...entry, ...(prompts && { prompts }) })),
          archive: opened.archive,
          into,
        },
        ...(flags.decisions && { decisions: flags.decisions }),
        ...{ review: flags.review ?? false, ...(flags.audit !== undefined && { audit: flags.audit }), signal: context.interrupt.stop },
        ...(flags.truth !== undefined && { truth: { images: path.join(flags.truth, 'images'), labels: path.join(flags.truth, 'labels') } }),
        onStage: (stage) => {
          bar.stop()
          speak(json, { event: 'stage', stage }, stage)
        },
        onProgress: (done, total) => bar.step(done, total),
        onNote: context.note,
        onReject: (image, error) => {
          record.counts.rejected++
          reject(image, error, json)
        },
      })
      bar.stop()
      record.counts.done = specialist.names.length
      record.notes.push(...specialist.notes)
      await record.finish('done')
      report(specialist, Date.now() - started, json)
    } catch (error) {
      bar.stop()
      await record.finish(context.interrupt.stop.aborted ? 'interrupted' : 'failed')
      throw error
    }
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_WORDMASK_ABSENT')
      context.next = `wordmask search ${quoted(flags.archive)} "other words" --into hits`
    if (!context.interrupt.stop.aborted) throw error
    process.stderr.write('stopped; what is made stays, and the same command goes on\n')
    context.exitCode = exitCodes.interrupted
  } finally {
    await opened.archive.close()
    opened.model.clip.dispose()
  }
}

/** What decides the result: other flags may differ between two calls for one folder. */
function optionsOf(flags: Flags): Omit<BuildSpecialistOptions, 'names' | 'archive' | 'into'> {
  const { compare, contexts, groupBy, boxes, minConfidence, encoder, falseAlarms, images, without, composites, heldOut, falsePositives } =
    flags
  const { backboneWeights, size, width, steps, batchSize, learningRate, workers, licence, seed } = flags
  const file = backboneWeights && path.resolve(backboneWeights)
  return {
    ...only({ compare: listOf(compare), contexts: listOf(contexts), groupBy, encoder, falseAlarms, images, without, composites, heldOut }),
    ...only({ falsePositives, licence, seed }),
    ...(boxes !== undefined && { boxes: { file: path.resolve(boxes), ...only({ minConfidence }) } }),
    training: only({ size, width, steps, batchSize, learningRate, workers, backboneWeights: file }),
  }
}

const listOf = (names: string | undefined) =>
  names
    ?.split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')

const only = <T extends object>(values: T) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: NonNullable<T[K]> }

function reject({ uri, key }: ArchiveRow, { code, message }: WordmaskError, json: boolean): void {
  const image = key ?? uri
  speak(json, { event: 'rejected', image, code, message }, undefined)
  sayRejected(image, message)
}

function report({ folder, names, absent, review, card }: Specialist, ms: number, json: boolean): void {
  const shown = shownPath(folder)
  if (card === undefined) {
    const next = `Drop what is wrong, save decisions.jsonl into ${shown}, and type the same command without --review.`
    speak(json, { event: 'summary', into: folder, names, absent, review, ms }, `\nThe masks: ${shownPath(review)}\n${next}`)
    return
  }
  for (const one of card.names) speak(json, { event: 'name', ...one }, nameLine(one))
  const { specialist, reco, ratio } = card.time
  const time = `${specialist.toFixed(0)} ms an image, ReCo ${reco.toFixed(0)} ms (${ratio.toFixed(1)} x)`
  const audited = card.audited ? `\n${card.audited.text}` : ''
  speak(
    json,
    { event: 'summary', into: folder, names, absent, review, audited: card.audited, time: card.time, ms },
    `${time}${audited}\nDone in ${seconds(ms)}. Its card: ${path.join(shown, 'card.html')}\nNext: wordmask segment --model ${quoted(shown)} IMAGES --write csv`,
  )
}

function nameLine({ name, images, threshold, heldOut, truth }: CardName): string {
  const { recall, precision, falsePositivesPer1000: wrong } = heldOut
  const iou = truth ? `, IoU ${figure(truth.iou)} (ReCo ${figure(truth.recoIou)})` : ''
  const figures = `recall ${figure(recall.value)}, precision ${figure(precision.value)}, ${Number.isNaN(wrong.value) ? '-' : wrong.value.toFixed(1)} of 1,000 without it`
  return `${name}  ${images.trained + images.held} images; held out, by CLIP: ${figures}${iou}; threshold ${threshold.value.toFixed(3)}`
}

function runFacts(flags: Flags, classes: ClassEntry[], { archive, model }: OpenedArchive, settings: object, context: Context) {
  const weights = model.facts.model.weights.map(({ sha256 }) => sha256)
  return {
    ...{ ...model.facts, command: 'specialist', argv: context.argv, cwd: process.cwd() },
    ...{ classes: classes.map(({ name }) => name), seed: flags.seed, notes: model.notes },
    settings: { archive: archive.uri, weights, classes, ...settings },
  }
}
