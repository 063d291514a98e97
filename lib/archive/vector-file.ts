import type { VectorFile } from '../../binding'
import { binding } from '../binding'

/** Maps half-precision rows of a file. */
export function openVectors(file: string, rows: number, dim: number): Promise<VectorFile> {
  return binding().VectorFile.open(file, { rows, dim, dtype: 'float16', offset: 0 }, {})
}
