import { readdir } from 'node:fs/promises'
import { invalidArgument, WordmaskError } from '../errors'
import { checkOptions } from '../options'
import { storeOf } from '../storage'
import { unfinished } from '../storage/walk'
import { type ArchiveIdentity, type ArchiveModel, checkModel, damaged, modelOf, newIdentity, parseIdentity } from './identity'
import { LanceTables } from './lance'
import { lanceOptions } from './lance-options'
import { withFileLock } from './lock'
import { type ArchiveOptions, archiveOptions } from './options'
import { type ArchivePlace, archivePlace, commitLock } from './place'

/** What an Archive is made of. A class, so that nothing else is taken for one. */
export class OpenArchive {
  constructor(
    readonly place: ArchivePlace,
    readonly identity: ArchiveIdentity,
    readonly tables: LanceTables,
    readonly options: ArchiveOptions,
  ) {}
}

/** Finds an archive or makes one, and checks that it is whole and of this model. */
export async function openArchive(uri: string, given: ArchiveOptions): Promise<OpenArchive> {
  const options = checkOptions('Archive.open', archiveOptions, given) as ArchiveOptions
  const { clip, readOnly = false, cache, create = clip !== undefined && !readOnly } = options
  if (readOnly && create) throw invalidArgument('create', 'false together with readOnly', create)
  const place = archivePlace(uri, { cache, readOnly })
  const storageOptions = { ...(await lanceOptions(place.uri)), ...options.storageOptions }
  const model = clip && (await modelOf(clip))
  let identity = await readIdentity(place)
  if (!identity) {
    if (!create) throw noArchive(place)
    if (!model) throw invalidArgument('clip', 'a Clip to make an archive with', clip)
    await checkEmpty(place)
    // Several processes may begin one archive at once, and LanceDB would make a table twice.
    const made = await withFileLock(commitLock(place), undefined, () => makeArchive(place, model, storageOptions))
    if (made) return new OpenArchive(place, made.identity, made.tables, options)
    identity = (await readIdentity(place)) as ArchiveIdentity
  }
  if (model) checkModel(identity, model, place)
  return new OpenArchive(place, identity, await LanceTables.open(place, identity.model.dim, storageOptions, false), options)
}

/** Undefined where there is one by now. */
async function makeArchive(place: ArchivePlace, model: ArchiveModel, storageOptions: Record<string, string>) {
  if (await readIdentity(place)) return undefined
  const identity = newIdentity(model)
  const store = await storeOf(place.file)
  await store.checkConditionalPut?.(place.uri)
  // The tables come first, so that an archive.json without tables is never of a process that was stopped.
  const tables = await LanceTables.open(place, model.dim, storageOptions, true)
  try {
    const rows = place.remote ? 0 : await tables.images.countRows()
    if (rows > 0) throw damaged(place, `it has ${rows} rows and no archive.json`)
    if (await store.put(place.file, `${JSON.stringify(identity, null, 2)}\n`, { ifAbsent: true })) return { identity, tables }
  } catch (error) {
    tables.close()
    throw error
  }
  tables.close()
  return undefined
}

async function readIdentity(place: ArchivePlace): Promise<ArchiveIdentity | undefined> {
  const store = await storeOf(place.file)
  const bytes = await store.read(place.file).catch((error) => {
    if (error.code === 'ERR_WORDMASK_FILE_NOT_FOUND') return undefined
    throw error
  })
  return bytes && parseIdentity(bytes.toString(), place)
}

function noArchive(place: ArchivePlace): WordmaskError {
  return new WordmaskError(
    'ERR_WORDMASK_FILE_NOT_FOUND',
    `There is no archive at ${place.uri}. Make one: \`npx wordmask index SOURCES --into ${place.uri}\`, or Archive.open(uri, { clip }).`,
  )
}

const ours = /^(images\.lance|rejects\.lance|hidden\.lance|local|\.?archive\.json.*)$/

/** An archive gets a folder of its own; what a creation left that was stopped is taken over. */
async function checkEmpty(place: ArchivePlace): Promise<void> {
  if (place.remote) return
  const names = await readdir(place.uri).catch((cause): string[] => {
    if (cause.code === 'ENOENT') return []
    throw new WordmaskError('ERR_WORDMASK_ARCHIVE', `${place.uri} is no folder. Choose another path for the archive.`, { cause })
  })
  const other = names.find((name) => !(ours.test(name) || unfinished.test(name)))
  if (other !== undefined)
    throw new WordmaskError(
      'ERR_WORDMASK_ARCHIVE',
      `${place.uri} is a folder of other files (${other}). Choose another path for the archive.`,
    )
}
