// add.cjs <archive> <folder of pictures> <options as JSON>: adds them; says `begin` when it starts to and `end` with the counts.
// With EFBIG=1 in its environment a write beyond the limit of a file's size is an error, not the end of the process.
const { readdirSync, readFileSync } = require('node:fs')
const { join } = require('node:path')
const { Archive, Clip } = require('../../../dist/index.js')

const [archivePath, folder, text] = process.argv.slice(2)
const { clip: _, batchSize, ...options } = JSON.parse(text)
if (process.env.EFBIG) process.on('SIGXFSZ', () => {})

async function main() {
  const clip = await Clip.load('scenes')
  const archive = await Archive.open(archivePath, { clip, ...options })
  const files = readdirSync(folder).sort()
  const images = files.map((name) => {
    const file = join(folder, name)
    return { id: file, uri: file, caption: `picture ${name}`, metadata: { name }, bytes: async () => readFileSync(file) }
  })
  process.stdout.write('begin\n')
  const began = performance.now()
  const progress = await archive.addImages(images, { batchSize })
  await archive.close()
  process.stdout.write(`end ${JSON.stringify({ ...progress, ms: performance.now() - began })}\n`)
}

main().catch((error) => {
  process.stdout.write(`failed ${JSON.stringify({ code: error.code, message: error.message })}\n`)
  process.exitCode = 1
})
