// The folder that ships: what Segmenter.load takes, pictures with three masks, and the card.
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { built } from '../../test/bench/reco/score.mjs'

const { exportModel, writeLabelMap } = built('./index.js')
/** Of the truth, the first that show the name and the first that do not. */
const [pictured, others] = [6, 2]

/** A specialist with its weights as float16. */
export async function halved(folder, into) {
  mkdirSync(into, { recursive: true })
  const weights = join(into, 'model.safetensors')
  await exportModel(folder, { format: 'safetensors', fp16: true, into: weights })
  const index = JSON.parse(readFileSync(join(folder, 'wordmask.json'), 'utf8'))
  const sha256 = createHash('sha256').update(readFileSync(weights)).digest('hex')
  writeFileSync(join(into, 'wordmask.json'), `${JSON.stringify({ ...index, sha256 }, null, 2)}\n`)
  return into
}

/** Writes images/, truth/, reco/, card.json and the specialist. */
export async function publish(into, { chosen, names, data, seed, command }) {
  rmSync(into, { recursive: true, force: true })
  for (const part of ['images', 'truth', 'reco']) mkdirSync(join(into, part), { recursive: true })
  for (const file of ['model.safetensors', 'wordmask.json']) copyFileSync(join(chosen.shipped, file), join(into, file))
  const { answers, classes, figures, folder, typed } = chosen
  const pictures = [...answers.filter(({ shown }) => shown).slice(0, pictured), ...answers.filter(({ shown }) => !shown).slice(0, others)]
  for (const { file, truth, reco } of pictures) {
    copyFileSync(file, join(into, 'images', basename(file)))
    const size = { width: reco.width, height: reco.height, classes, firstLabel: 1 }
    await writeLabelMap(join(into, 'truth', mapOf(file)), { ...size, labels: truth })
    await writeLabelMap(join(into, 'reco', mapOf(file)), { ...size, labels: reco.labels })
  }
  const {
    training,
    time,
    licence,
    contexts,
    names: [own],
  } = JSON.parse(readFileSync(join(folder, 'card.json'), 'utf8'))
  const { seconds: _, ...counts } = training
  const card = {
    ...{ version: 1, name: chosen.name, seed, made: command, typed: `wordmask ${typed.map(quoted).join(' ')}`, data, contexts },
    drawn: names.map(({ name, present, pValue, figures: of }) => ({
      name,
      present,
      pValue,
      ...(of && { iou: of.iou, recoIou: of.recoIou }),
    })),
    ...{ figures, threshold: own.threshold, images: own.images, training: counts, time, licence },
    bytes: statSync(join(into, 'model.safetensors')).size,
    pictures: pictures.map(({ file, caption, shown }) => ({ image: basename(file), map: mapOf(file), caption, shown })),
  }
  writeFileSync(join(into, 'card.json'), `${JSON.stringify(card, null, 2)}\n`)
}

const mapOf = (file) => `${basename(file, '.webp')}.png`
/** As one types them: the name, and what has a space. */
const quoted = (word, i) => (i === 1 || !/^[\w./:@=,+-]+$/.test(word) ? `"${word}"` : word)
