import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { OutputFolder, type Pending } from '../run/output-folder'
import { npyHeader, RowWriter, safetensorsHeader } from '../run/rows'
import { batches, eachOrError } from './batches'
import type { EmbedFlags } from './commands/embed'
import { canRead, checkInputs, countImages, findImages } from './inputs'
import { type LoadedModel, loadModel, readTemplates, type TemplatesFlag } from './model'
import type { Context } from './program'
import { progress, sayRejected, seconds, shownPath, speak } from './terminal'
import { exitCodes, UsageError } from './usage'

type Item = Pending & { text?: string }

/** Rows are appended before their journal line, so after a stop the journal says how many rows count. */
export async function embedInputs(args: string[], options: EmbedFlags, context: Context): Promise<void> {
  if ((args.length === 0) === (options.texts === undefined)) throw new UsageError('Expected either images or --texts FILE')
  const into = path.resolve(options.into)
  const json = options.json ?? false
  const { stop } = context.interrupt
  if (options.texts === undefined) await checkInputs(args, into)
  const templates = options.texts === undefined ? undefined : await readTemplates(options.templates)
  const model = await loadModel(options, context)
  const folder = await OutputFolder.open(into, runFacts(options, templates, model, context), options.overwrite ?? false, stop)
  const rows = options.format === 'jsonl' ? undefined : await openRows(into, options.format, model.clip.info.embedDim, folder.lineCount)
  const todo = options.texts === undefined ? imagesOf(args, folder, into, context) : textsOf(options.texts, folder, stop)
  const encode = (items: Item[]) => encodeItems(items, model, options, templates)
  const total = process.stderr.isTTY && !json && options.texts === undefined ? await countImages(args, { skip: into, stop }) : 0
  const bar = await progress('embedding', total, json)
  const counts = folder.record.counts
  const started = Date.now()
  try {
    for await (const batch of batches(todo, options.batchSize)) {
      const answers = await eachOrError(batch, encode)
      for (const [i, item] of batch.entries()) {
        const answer = answers[i]!
        if ('error' in answer) {
          const { code, message } = answer.error
          await folder.rejected(item, { code, message })
          speak(json, { event: 'rejected', image: item.path, code, message }, undefined)
          sayRejected(item.path, message)
          continue
        }
        await rows?.append(answer)
        const facts = rows === undefined ? { embedding: [...answer] } : { row: rows.rows - 1 }
        await folder.finished(item, { ...(item.text !== undefined && { text: item.text }), ...facts })
        speak(json, { event: 'row', image: item.path, ...(rows && { row: rows.rows - 1 }) }, undefined)
      }
      bar.step(counts.done + counts.skipped + counts.rejected)
    }
  } catch (error) {
    await rows?.pause()
    await folder.fail()
    throw error
  } finally {
    bar.stop()
    model.clip.dispose()
  }
  await (stop.aborted ? rows?.pause() : rows?.finish())
  const allFailed = counts.rejected > 0 && counts.done + counts.skipped === 0
  await folder.close(stop.aborted ? 'interrupted' : allFailed ? 'failed' : 'done')
  if (allFailed) context.exitCode = exitCodes.failure
  const ms = Date.now() - started
  const parts = [
    `${counts.done} embedded`,
    counts.skipped > 0 && `${counts.skipped} done before`,
    counts.rejected > 0 && `${counts.rejected} rejected (rejects.jsonl)`,
  ]
  const next = stop.aborted ? '; stopped, the same command goes on' : ''
  speak(
    json,
    { event: 'summary', into, ...counts, ms, stopped: stop.aborted },
    `${parts.filter(Boolean).join(', ')} in ${seconds(ms)}${next}. Results: ${shownPath(into)}`,
  )
}

async function encodeItems(
  items: Item[],
  { clip }: LoadedModel,
  { batchSize, normalize }: EmbedFlags,
  templates: TemplatesFlag,
): Promise<Float32Array[]> {
  const texts = items.flatMap(({ text }) => text ?? [])
  const { data, shape } = await (texts.length > 0
    ? clip.encodeText(texts, { templates: templates ?? 'none', normalize })
    : clip.encodeImage(
        items.map((item) => item.path),
        { batchSize, normalize },
      ))
  const d = shape[1]!
  return items.map((_, i) => data.subarray(i * d, (i + 1) * d))
}

async function* imagesOf(args: string[], folder: OutputFolder, into: string, { interrupt, note }: Context): AsyncGenerator<Item> {
  for await (const input of findImages(args, { skip: into, stop: interrupt.stop, onLeftOut: note })) {
    const image = await folder.pending(input, () => [])
    if (image !== undefined) yield image
  }
}

/** Every line that is not blank is a text; its id is file:line. */
async function* textsOf(file: string, folder: OutputFolder, stop: AbortSignal): AsyncGenerator<Item> {
  if (!(await canRead(file))) throw new UsageError(`Cannot read the texts in ${file}`, 'ERR_WORDMASK_FILE_NOT_FOUND')
  let line = 0
  for await (const read of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    const text = line++ === 0 ? read.replace(/^\ufeff/, '') : read
    if (stop.aborted) return
    if (text.trim() === '') continue
    const id = `${path.resolve(file)}:${line}`
    const state = { bytes: Buffer.byteLength(text), modified: createHash('sha256').update(text).digest().readUInt32LE() }
    const item = await folder.pendingIn({ path: id, relative: `${line}` }, state, () => [])
    if (item !== undefined) yield { ...item, text }
  }
}

function openRows(into: string, format: 'npy' | 'safetensors', d: number, rows: number): Promise<RowWriter> {
  return RowWriter.open(path.join(into, `embeddings.${format}`), d, format === 'npy' ? npyHeader : safetensorsHeader, rows)
}

function runFacts(options: EmbedFlags, templates: TemplatesFlag, model: LoadedModel, { argv }: Context) {
  const { format, normalize, dtype, seed } = options
  const weights = model.facts.model.weights.map(({ sha256 }) => sha256)
  const settings = { weights, kind: options.texts === undefined ? 'images' : 'texts', templates, format, normalize, dtype }
  return { ...model.facts, command: 'embed', argv, cwd: process.cwd(), classes: [], seed, notes: model.notes, settings }
}
