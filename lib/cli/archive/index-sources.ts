import type { WorkersOptions } from '../../engine/run-shards'
import type { Archive } from '../../index'
import { checkSources, type PlanOptions, type SourceInput } from '../../sources'
import type { IndexFlags } from '../commands/index-sources'
import { sayFailures, sourcesOf, workersOf } from '../machines'
import { loadModel } from '../model'
import type { Context } from '../program'
import { progress, quoted, seconds, shownPath, speak } from '../terminal'
import { exitCodes, mustBeThere, UsageError } from '../usage'
import { describeEstimate, estimate } from './estimate'
import { modelOfArchive } from './open'

type Flags = IndexFlags & { into: string }

interface Outcome {
  done: number
  skipped: number
  rejected: number
  stopped: boolean
  failedShards: number
}

export async function indexInto(args: string[], options: Flags, context: Context): Promise<void> {
  const json = options.json ?? false
  const { stop } = context.interrupt
  const sources = sourcesOf(args, options.column)
  const workers = await workersOf(options)
  const { Archive } = await import('../../index.js')
  // An archive goes on with the model it was made with; a new one takes --clip.
  const { clip } = await loadModel({ ...options, clip: options.clip ?? (await modelOfArchive(options.into)) }, context)
  const started = Date.now()
  try {
    // Before an archive is made: a misspelt folder leaves none behind.
    await mustBeThere(checkSources(sources, { ...planOptions(options), signal: stop }))
    const archive = await Archive.open(options.into, { clip })
    try {
      if (options.queue === undefined) {
        const expected = await estimate(clip, sources, planOptions(options), stop)
        speak(json, { event: 'plan', ...expected }, describeEstimate(expected))
      }
      const outcome = await (Object.keys(workers).length > 0
        ? byShards(archive, sources, workers, options, context)
        : inProcess(archive, sources, options, context))
      await archive.close()
      summary(options.into, outcome, Date.now() - started, json)
      const nothing = outcome.done + outcome.skipped === 0 && outcome.rejected > 0
      if (nothing || outcome.failedShards > 0) context.exitCode = exitCodes.failure
    } finally {
      await archive.close()
    }
  } finally {
    clip.dispose()
  }
}

async function inProcess(archive: Archive, sources: SourceInput[], options: Flags, context: Context): Promise<Outcome> {
  const json = options.json ?? false
  const { batchSize, orient, retryRejects } = options
  const { shardSize: _, ...shape } = planOptions(options)
  const bar = await progress('indexing', 0, json)
  let last = { done: 0, skipped: 0, rejected: 0 }
  let spoken = 0
  try {
    const add = archive.add(sources, { ...shape, batchSize, orient, retryRejects, signal: context.interrupt.stop, onNotice: context.note })
    for await (const step of add) {
      last = step
      const all = step.done + step.skipped + step.rejected
      bar.step(all, all)
      if (!json || Date.now() - spoken < 1000) continue
      spoken = Date.now()
      speak(true, { event: 'progress', ...step }, undefined)
    }
    return { ...last, stopped: false, failedShards: 0 }
  } catch (error) {
    if (!context.interrupt.stop.aborted) throw error
    return { ...last, stopped: true, failedShards: 0 }
  } finally {
    bar.stop()
  }
}

async function byShards(
  archive: Archive,
  sources: SourceInput[],
  workers: WorkersOptions,
  options: Flags,
  context: Context,
): Promise<Outcome> {
  const json = options.json ?? false
  const { batchSize, orient } = options
  const { indexSources } = await import('../../engine/index-sources.js')
  const bar = await progress('shards', 0, json)
  try {
    const run = await indexSources(archive, sources, {
      ...{ ...planOptions(options), batchSize, orient, stop: context.interrupt.stop, onWarning: context.note, onNotice: context.note },
      ...workers,
      onProgress: (now) => {
        bar.step(now.done + now.failed, now.shards)
        speak(json, { event: 'progress', ...now }, undefined)
      },
    })
    sayFailures(run, json)
    const rejected = Object.values(run.rejects).reduce((sum, n) => sum + n, 0)
    return { done: run.images - rejected, skipped: 0, rejected, stopped: run.stopped, failedShards: run.failures.length }
  } finally {
    bar.stop()
  }
}

function summary(into: string, { done, skipped, rejected, stopped, failedShards }: Outcome, ms: number, json: boolean): void {
  const shown = /^[a-z0-9]+:\/\//i.test(into) ? into : shownPath(into)
  const parts = [
    `${done} indexed`,
    skipped > 0 && `${skipped} known before`,
    rejected > 0 && `${rejected} rejected (wordmask stats ${shown} --rejects)`,
    failedShards > 0 && `${failedShards} shards failed`,
  ]
  const rate = done > 0 ? `, ${(done / (ms / 1000)).toFixed(1)} images/s` : ''
  const next = stopped ? '; stopped, the same command goes on' : ''
  speak(
    json,
    { event: 'summary', into, done, skipped, rejected, failedShards, ms, stopped },
    `${parts.filter(Boolean).join(', ')} in ${seconds(ms)}${rate}${next}. Next: wordmask search ${quoted(shown)} "words"`,
  )
}

function planOptions({ captions, tiles, boxes, minConfidence, root, shardSize }: Flags): PlanOptions {
  if (minConfidence !== undefined && boxes === undefined) throw new UsageError('Expected --boxes FILE beside --min-confidence')
  return {
    captions,
    ...(tiles !== undefined && { tiles }),
    ...(boxes !== undefined && { boxes: minConfidence === undefined ? boxes : { uri: boxes, minConfidence } }),
    ...(root !== undefined && { root }),
    ...(shardSize !== undefined && { shardSize }),
  }
}
