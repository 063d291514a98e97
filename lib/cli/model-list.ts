import { builtInWeights, listCards } from '../cards'
import { listEncoderCards } from '../encoder/cards'
import { knownIds } from '../hub/ids'
import { findPulled } from '../hub/resolve'
import { speak, table } from './terminal'

/** Built-in models first, then every ID known by name with where it lies, if it was pulled; encoders by their official files. */
export async function listModels(json: boolean): Promise<void> {
  const builtIn = (await listCards()).filter((card) => builtInWeights(card) !== undefined)
  const encoders = await listEncoderCards()
  const named = await Promise.all(knownIds().map(async (id) => ({ id, path: await findPulled(id) })))
  if (json) {
    for (const { name, title, licence } of builtIn) speak(true, { event: 'model', id: name, builtIn: true, title, licence }, undefined)
    for (const { id, path } of named) speak(true, { event: 'model', id, builtIn: false, path }, undefined)
    for (const { name, title, licence, file, pull } of encoders)
      speak(true, { event: 'model', id: name, builtIn: false, encoder: true, title, licence, file, pull }, undefined)
    return
  }
  const rows = [
    ...builtIn.map(({ name, title, licence }) => [name, 'built in', `${title} (${licence})`]),
    ...named.filter(({ path }) => path !== undefined).map(({ id, path }) => [id, 'pulled', path as string]),
    ...named.filter(({ path }) => path === undefined).map(({ id }) => [id, '', `wordmask model pull ${id}`]),
    ...encoders.map(({ name, title, file, pull }) => [
      name,
      'encoder',
      `${title}: ${file}${pull ? `, or wordmask model pull ${pull}` : ''}`,
    ]),
  ]
  speak(false, {}, table(['model', '', 'what it is, where it lies, or how to get it'], rows))
}
