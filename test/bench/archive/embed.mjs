// node embed.mjs [--count 5000] [--model scenes|FILE]: a folder of rendered JPEGs, 320 x 240, into an archive, end to end, against its parts,
// each measured alone: decoding, the perceptual hash, resizing, the tower.
import { basename, join } from 'node:path'
import sharp from 'sharp'
import { above, built, numbers, resident, scratch, tell, timed, wordmask } from './common.mjs'
import { jpegs } from './jpegs.mjs'

const { count, batch, seed, model } = numbers({ count: 5000, batch: 32, seed: 3 })
const { Archive, Clip, decodeImage } = wordmask
const { mapOrdered } = built('image/stream.js')
const { perceptualHash } = built('archive/phash.js')
/** As many as an archive decodes at once. */
const atOnce = 6

const clip = await Clip.load(model)
const { imageSize, embedDim } = clip.info
const { folder, files } = await jpegs({ count, seed })

const decode = await timed(async () => {
  for await (const _ of mapOrdered(files, (file) => decodeImage(file), { concurrency: atOnce }));
})
const pixels = []
for await (const one of mapOrdered(files.slice(0, Math.min(count, 512)), (file) => decodeImage(file), { concurrency: atOnce }))
  pixels.push({ ...one, channels: 3 })
const hash = await timed(async () => {
  for await (const _ of mapOrdered(pixels, perceptualHash, { concurrency: atOnce }));
})
const resize = await timed(async () => {
  for await (const _ of mapOrdered(pixels, (image) => clip.preprocess(image), { concurrency: 2 }));
})
// At the size of the tower, where resizing is nothing.
const ready = await Promise.all(
  pixels.map(async ({ data, width, height }) => ({
    ...{ width: imageSize, height: imageSize, channels: 3 },
    data: new Uint8Array(
      await sharp(data, { raw: { width, height, channels: 3 } })
        .resize(imageSize, imageSize)
        .raw()
        .toBuffer(),
    ),
  })),
)
await clip.encodeImage(ready.slice(0, batch), { batchSize: batch })
const encode = await timed(() => clip.encodeImage(ready, { batchSize: batch }))
const base = resident()
const archive = await Archive.open(join(scratch('embed'), 'archive'), { clip })
const whole = await timed(() => archive.add(folder, { captions: false, batchSize: batch }))
const again = await timed(() => archive.add(folder, { captions: false, batchSize: batch }))
await archive.close()
clip.dispose()

const rate = {
  decode: count / decode.seconds,
  hash: pixels.length / hash.seconds,
  resize: pixels.length / resize.seconds,
  encode: ready.length / encode.seconds,
}
const endToEnd = count / whole.seconds
const parts = 1 / (1 / rate.decode + 1 / rate.resize + 1 / rate.encode)
tell({
  ...{ images: count, model: basename(model), imageSize, embedDim, batch, done: whole.result.done },
  imagesPerSecond: { ...rate, endToEnd },
  ofEncoder: endToEnd / rate.encode,
  ofParts: endToEnd / parts,
  aboveModelMiB: above(whole.peak, base),
  indexedAgain: { skipped: again.result.skipped, imagesPerSecond: count / again.seconds },
})
