import { type FileHandle, open, rename, stat } from 'node:fs/promises'
import { WordmaskError } from '../errors'

/** Bytes kept for the header, so that the number of rows can be written after the rows. A multiple of 64 for npy. */
const headerBytes = 1024

/** Header of a row-major float32 [n, d] matrix that is exactly `headerBytes` long. */
type Header = (n: number, d: number) => Buffer

/** NumPy format 1.0: magic, version, length of the dictionary, the dictionary padded with spaces, a newline. */
export const npyHeader: Header = (n, d) => {
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': (${n}, ${d}), }`
  const header = Buffer.alloc(headerBytes, ' ')
  header.write('\x93NUMPY\x01\x00', 'latin1')
  header.writeUInt16LE(headerBytes - 10, 8)
  header.write(dictionary, 10, 'latin1')
  header[headerBytes - 1] = 10
  return header
}

/** safetensors: u64 length, JSON padded with spaces, one tensor `embeddings`. */
export const safetensorsHeader: Header = (n, d) => {
  const json = JSON.stringify({
    __metadata__: { format: 'wordmask-embeddings', version: '1' },
    embeddings: { dtype: 'F32', shape: [n, d], data_offsets: [0, n * d * 4] },
  })
  const header = Buffer.alloc(headerBytes, ' ')
  header.writeBigUInt64LE(BigInt(headerBytes - 8))
  header.write(json, 8, 'latin1')
  return header
}

/**
 * A float32 matrix that grows by rows: written to `<file>.partial` and renamed by `finish`. Opened again after a stop it
 * keeps the first `rows` rows (those whose ids were written) and cuts off the rest.
 */
export class RowWriter {
  #rows: number
  private constructor(
    private readonly handle: FileHandle,
    private readonly file: string,
    private readonly d: number,
    private readonly header: Header,
    rows: number,
  ) {
    this.#rows = rows
  }

  /** @param rows how many rows of an earlier sitting to keep; 0 starts anew. @throws ERR_WORDMASK_IO when fewer are there. */
  static async open(file: string, d: number, header: Header, rows: number): Promise<RowWriter> {
    const partial = `${file}.partial`
    if (rows > 0 && !(await exists(partial)) && (await exists(file))) await rename(file, partial)
    const handle = await open(partial, rows > 0 ? 'r+' : 'w+')
    const { size } = await handle.stat()
    const wanted = headerBytes + rows * d * 4
    if (rows > 0 && size < wanted) {
      await handle.close()
      throw new WordmaskError(
        'ERR_WORDMASK_IO',
        `${partial} holds fewer than the ${rows} rows that were recorded; start over with --overwrite`,
      )
    }
    await handle.truncate(wanted)
    return new RowWriter(handle, file, d, header, rows)
  }

  get rows(): number {
    return this.#rows
  }

  /** @param data whole rows, row-major. */
  async append(data: Float32Array): Promise<void> {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    await this.handle.write(bytes, 0, bytes.length, headerBytes + this.#rows * this.d * 4)
    this.#rows += data.length / this.d
  }

  /** Writes the header, syncs, renames. */
  async finish(): Promise<void> {
    await this.handle.write(this.header(this.#rows, this.d), 0, headerBytes, 0)
    await this.handle.sync()
    await this.handle.close()
    await rename(`${this.file}.partial`, this.file)
  }

  /** Leaves the rows for the next sitting. */
  async pause(): Promise<void> {
    await this.handle.sync()
    await this.handle.close()
  }
}

const exists = async (file: string) => (await stat(file).catch(() => undefined)) !== undefined
