import { expect } from 'vitest'
import { events, wordmask } from './cli.js'

/** Scores of all rows of an archive by the name of their file, as a search by an image finds them. */
export async function scoresOf(archive: string, image: string, ...more: string[]): Promise<Record<string, number>> {
  const { code, stdout, stderr } = await wordmask(['search', archive, '--image', image, '--top-k', '1000', '--json', ...more])
  expect(code, stderr).toBe(0)
  return Object.fromEntries(events(stdout).map(({ uri, score }) => [uri.slice(uri.lastIndexOf('/') + 1), score]))
}

/** The same files with the same vectors, to half precision: images that share a pass of the tower move its last bit. */
export function expectSameScores(found: Record<string, number>, wanted: Record<string, number>): void {
  expect(Object.keys(found).sort()).toEqual(Object.keys(wanted).sort())
  for (const [name, score] of Object.entries(found)) expect(Math.abs(score - wanted[name]!), name).toBeLessThan(1e-3)
}
