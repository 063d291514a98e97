// memory.cjs <archive> records|images <count>: adds made-up rows, or made-up pictures through the built-in model; says, in MiB above what the
// loaded model needs, the most resident memory in each tenth of the work.
const { Archive, Clip } = require('../../../dist/index.js')

const [path, kind, text] = process.argv.slice(2)
const count = Number(text)
const mib = () => process.memoryUsage.rss() / 2 ** 20

async function main() {
  const clip = await Clip.load('scenes')
  const side = 64
  const picture = (i) => ({
    width: side,
    height: side,
    channels: 3,
    data: Uint8Array.from({ length: side * side * 3 }, (_, k) => (k * (i + 3)) % 253),
  })
  await clip.encodeImage([picture(0)])
  const archive = await Archive.open(path, { clip, commitRows: Math.ceil(count / 8) })
  const loaded = mib()
  const tenths = new Array(10).fill(0)
  let done = 0
  const look = () => {
    const tenth = Math.min(9, Math.floor((10 * done) / count))
    tenths[tenth] = Math.max(tenths[tenth], mib() - loaded)
  }
  const timer = setInterval(look, 20)
  if (kind === 'records') await archive.addRecords(records(clip.info.embedDim))
  else await archive.addImages(images(), { batchSize: 32 })
  look()
  clearInterval(timer)
  const rows = await archive.count()
  await archive.close()
  clip.dispose()
  process.stdout.write(JSON.stringify({ rows, tenths: tenths.map(Math.round) }))

  function* records(dim) {
    for (; done < count; done++) {
      const sha256 = done.toString(16).padStart(64, '0')
      const vector = Uint16Array.from({ length: dim }, (_, k) => 0x2c00 + ((done * 31 + k * 17) % 1000))
      const addedAt = '2026-11-30T00:00:00.000Z'
      const caption = `picture ${done} of many, with a caption of the usual length`
      yield {
        row: {
          id: sha256.slice(32),
          uri: `/pictures/${done}.jpg`,
          width: 640,
          height: 480,
          bytes: 1,
          sha256,
          phash: sha256.slice(48),
          caption,
          addedAt,
          vector,
        },
      }
    }
  }
  function* images() {
    const { data } = picture(1)
    for (; done < count; done++) {
      const n = done
      const bytes = () =>
        require('sharp')(
          data.map((value) => (value + n) % 256),
          { raw: { width: side, height: side, channels: 3 } },
        )
          .png()
          .toBuffer()
      yield { id: `i${n}`, uri: `/pictures/${n}.png`, bytes }
    }
  }
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`)
  process.exitCode = 1
})
