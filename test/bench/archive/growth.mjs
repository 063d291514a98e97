// How the figures of rows.mjs grow with the number of rows: a table, with the power of the rows that the two largest archives give.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const measures = [
  ['add, s', ({ add }) => add.seconds],
  ['memory while adding, MiB above the model', ({ add }) => add.aboveModelMiB.own],
  ['disk, MB', ({ bytes }) => bytes / 1e6],
  ['exact search, one vector, ms', ({ search }) => search.oneMs],
  ['one text, ms', ({ search }) => search.textMs],
  ['a hundred texts, ms', ({ search }) => search.hundredTextsMs],
  ['one vector with a filter, ms', ({ search }) => search.filteredMs],
  ['memory while searching', ({ search }) => search.aboveModelMiB.own],
  ['the same with the pages of the mapped vectors', ({ search }) => search.aboveModelMiB.all],
  ['making the IVF index, s', ({ index }) => index.seconds],
  ['memory of making it', ({ index }) => index.aboveModelMiB.own],
  ['search by the index, ms', ({ index }) => index.approximateMs],
  ['recall of 10 by the index: texts', ({ index }) => index.text.at10],
  ['recall of 10 by the index: images', ({ index }) => index.image.at10],
  ['dedupe, s', ({ dedupe }) => dedupe.seconds],
  ['memory of dedupe', ({ dedupe }) => dedupe.aboveModelMiB.own],
  ['planted near-copies found', ({ dedupe }) => dedupe.recall],
]

/** Results of the rows cases in a folder for a machine, small archives first. */
export function rowResults(folder, machine) {
  const ours = (file) => file.startsWith('archive-rows-') && file.endsWith(`-${machine}.json`)
  return readdirSync(folder)
    .filter(ours)
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')))
    .sort((a, b) => a.figures.rows - b.figures.rows)
}

/** y grows as rows to this power between two archives. */
export const power = (few, many, of) => Math.log(of(many) / of(few)) / Math.log(many.rows / few.rows)

/** Markdown of at least two results. */
export function growthTable(results) {
  const figures = results.map(({ figures: found }) => found)
  const [few, many] = figures.slice(-2)
  const line = (cells) => `| ${cells.join(' | ')} |\n`
  const rows = measures.map(([name, of]) => {
    const share = name.startsWith('recall') || name.startsWith('planted')
    const cells = figures.map((one) => (share ? of(one).toFixed(3) : Number(of(one).toPrecision(3)).toLocaleString('en')))
    return line([name, ...cells, share ? '' : power(few, many, of).toFixed(2)])
  })
  const { machine, date } = results.at(-1)
  const said = `Archives of made-up vectors of 512 numbers, ${date.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores. The last column: as which power of the rows it grew between the two largest.\n`
  const loud = results.filter(({ notQuiet }) => notQuiet).map(({ case: id, notQuiet }) => `Not quiet: ${id} (${notQuiet.join('; ')}).\n`)
  const head = [
    line(['', ...figures.map(({ rows: n }) => `${n.toLocaleString('en')} rows`), 'power']),
    line(['---', ...figures.map(() => '---:'), '---:']),
  ]
  return ['# The archive by its size\n\n', said, ...loud.map((text) => `\n${text}`), '\n', ...head, ...rows].join('')
}
