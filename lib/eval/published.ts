import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { modelsFolder } from '../folders'

/** How a figure came about, point by point, in words that can be compared. */
export type ProtocolPoints = Record<string, string>

/** One row of a published table: models/datasets/published.json. */
export interface Published {
  method: string
  /** The paper's or table's own name of the row. */
  row: string
  dataset: string
  /** In percent. */
  figures: Record<string, number>
  /** What is known of its protocol; a point that is not named is not known. */
  protocol: ProtocolPoints
  source: string
}

let table: Published[] | undefined

/** Every published figure of a method on a data set, known to this package. */
export function publishedFigures(method: string, dataset: string): Published[] {
  table ??= (JSON.parse(readFileSync(join(modelsFolder, 'datasets', 'published.json'), 'utf8')) as { figures: Published[] }).figures
  return table.filter((entry) => entry.method === method && entry.dataset === dataset)
}

/** Points of protocol in which a run differs from a published one. */
export function protocolDifferences(ours: ProtocolPoints, theirs: ProtocolPoints): { point: string; published: string; here: string }[] {
  return Object.entries(theirs)
    .filter(([point, value]) => (ours[point] ?? 'none') !== value)
    .map(([point, published]) => ({ point, published, here: ours[point] ?? 'none' }))
}
