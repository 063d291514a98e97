import { type Connection, connect, Session, type Table } from '@lancedb/lancedb'
import type { Schema } from 'apache-arrow'
import { WordmaskError } from '../errors'
import { damaged } from './identity'
import type { ArchivePlace } from './place'
import { hiddenSchema, imagesSchema, rejectsSchema } from './schema'

/** LanceDB would keep up to 7 GB in its caches. */
const indexCache = 256n << 20n
const metadataCache = 64n << 20n

/** With the caches of `session`: LanceDB passes over a session that is an argument of its own. */
export const connectWith = (session: Session, uri: string, storageOptions: Record<string, string>): Promise<Connection> =>
  connect(uri, { storageOptions, session })

/** The tables of an archive, each as of its own last look: `latest` looks again. */
export class LanceTables {
  private constructor(
    private readonly connection: Connection,
    private readonly place: ArchivePlace,
    readonly images: Table,
    readonly rejects: Table,
    readonly hidden: Table,
  ) {}

  /** @param create makes tables that are missing. @throws ERR_WORDMASK_ARCHIVE, ERR_WORDMASK_IO */
  static async open(place: ArchivePlace, dim: number, storageOptions: Record<string, string>, create: boolean): Promise<LanceTables> {
    const session = new Session(indexCache, metadataCache)
    const connection = await lance(place, () => connectWith(session, place.uri, storageOptions))
    const table = async (name: string, schema: Schema) => {
      try {
        return create
          ? await connection.createEmptyTable(name, schema, { mode: 'create', existOk: true })
          : await connection.openTable(name)
      } catch (cause) {
        if (ioCode(cause) !== undefined) throw ioError(place, cause)
        throw damaged(place, `table ${name} cannot be opened (${firstLine(cause)})`, cause)
      }
    }
    const images = await table('images', imagesSchema(dim))
    const rejects = await table('rejects', rejectsSchema)
    const hidden = await table('hidden', hiddenSchema)
    const vector = (await lance(place, () => images.schema())).fields.find(({ name }) => name === 'vector')
    if ((vector?.type as { listSize?: number } | undefined)?.listSize !== dim)
      throw damaged(place, `the vectors of its table are no lists of ${dim}`)
    return new LanceTables(connection, place, images, rejects, hidden)
  }

  /** The images as of now, and their version. */
  async latest(): Promise<{ table: Table; version: number }> {
    return lance(this.place, async () => {
      await this.images.checkoutLatest()
      return { table: this.images, version: await this.images.version() }
    })
  }

  /** The images as they were at a version, whatever is written meanwhile. */
  async pinned(version: number): Promise<Table> {
    return lance(this.place, () => this.connection.openTable('images', undefined, { version }))
  }

  close(): void {
    this.images.close()
    this.rejects.close()
    this.hidden.close()
    this.connection.close()
  }
}

/** Calls LanceDB; what it throws becomes ours. */
export async function lance<T>(place: ArchivePlace, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (cause) {
    if (cause instanceof WordmaskError) throw cause
    if (/^Error: (Table \w+|Connection) is closed/.test(String(cause)))
      throw new WordmaskError('ERR_WORDMASK_DISPOSED', 'This archive was disposed of', { cause })
    throw ioCode(cause) === undefined && /corrupt|not found|No such file|invalid.*magic/i.test(String(cause))
      ? damaged(place, firstLine(cause), cause)
      : ioError(place, cause)
  }
}

/** LanceDB tells the system's errors by text alone. */
function ioCode(cause: unknown): string | undefined {
  const text = String(cause)
  if (/os error 28\b|No space left/i.test(text)) return 'ENOSPC'
  if (/os error 27\b|File too large/i.test(text)) return 'EFBIG'
  if (/os error 122\b|quota/i.test(text)) return 'EDQUOT'
  if (/os error 13\b|Permission denied/i.test(text)) return 'EACCES'
  return /os error 30\b|Read-only file system/i.test(text) ? 'EROFS' : undefined
}

function ioError(place: ArchivePlace, cause: unknown): WordmaskError {
  const code = ioCode(cause)
  const room = code === 'ENOSPC' || code === 'EFBIG' || code === 'EDQUOT'
  const next = room ? ' Make room, then run the same command again: it goes on where it stopped.' : ''
  return new WordmaskError('ERR_WORDMASK_IO', `The archive ${place.uri}: ${code ? `${code}, ` : ''}${firstLine(cause)}.${next}`, { cause })
}

/** @throws ERR_WORDMASK_INVALID_ARGUMENT for a filter that LanceDB cannot read or that names no column */
export async function filtered<T>(place: ArchivePlace, where: string | undefined, call: () => Promise<T>): Promise<T> {
  try {
    return await lance(place, call)
  } catch (error) {
    const cause = (error as WordmaskError).cause
    if (where === undefined || ioCode(cause) !== undefined || !isFilterError(String(cause))) throw error
    throw new WordmaskError(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      `Expected a SQL condition over the columns of the archive for where but received ${JSON.stringify(where)}: ${firstLine(cause)}`,
      { cause },
    )
  }
}

const isFilterError = (text: string): boolean =>
  /sql parser|ParserError|Invalid user input|No field named|column .* not found|Schema error|type_coercion|cannot be evaluated|Error during planning|Invalid input/i.test(
    text,
  )

export const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error))
    .split('\n', 1)[0]!
    .replace(/, ?\/[^ ]*\.rs:\d+(:\d+)?/g, '')
    .slice(0, 400)

/** A text as a SQL literal. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`
