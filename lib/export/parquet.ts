import { rename } from 'node:fs/promises'
import path from 'node:path'
import { makeFolder } from '../setup/make-folder'
import { columnsOf, type Row, typedRows } from './rows'

/** Rows as one parquet file (Snappy), beside and then renamed. */
export async function writeParquet(file: string, rows: readonly Row[]): Promise<void> {
  const { fileWriter, parquetWriteRows } = await import('hyparquet-writer')
  await makeFolder(path.dirname(file))
  const partial = `${file}.partial`
  const columns = columnsOf(rows)
  await parquetWriteRows({ writer: fileWriter(partial), rows: typedRows(rows, columns), columns, createdBy: 'wordmask' })
  await rename(partial, file)
}
