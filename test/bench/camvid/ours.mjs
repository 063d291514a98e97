// node ours.mjs RECIPE.json FOLDER: trainSegmenter by the recipe; the CPU seconds of the process as JSON on standard output.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const { trainSegmenter } = createRequire(import.meta.url)(join(import.meta.dirname, '../../../dist/index.js'))
const { root, ...recipe } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const split = (name) => ({ images: join(root, 'images', name), labels: join(root, 'labels', name) })
const into = process.argv[3]
await trainSegmenter({ ...recipe, ...split('train'), validation: split('val'), ignore: [recipe.classes.length], samples: 0, into })
const { user, system } = process.cpuUsage()
process.stdout.write(`${JSON.stringify({ processCpuSeconds: (user + system) / 1e6 })}\n`)
