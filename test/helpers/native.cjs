// The addon without lib/, for child processes and worker threads that no TypeScript loader serves.
exports.open = () => {
  const { loader, core, libraries } = JSON.parse(process.env.WORDMASK_TEST_ADDON)
  require(loader).open(libraries)
  return require(core)
}

/** A ViT CLIP of 0.6 MB: every block is there, two layers deep. */
exports.tiny = {
  embedDim: 32,
  activation: 'quick_gelu',
  layerNormEps: 1e-5,
  dense: 'residual',
  keys: 'openai',
  vision: { kind: 'vit', imageSize: 32, patchSize: 8, width: 64, layers: 2, heads: 2, mlpWidth: 128 },
  text: { contextLength: 16, vocabSize: 100, width: 64, layers: 2, heads: 2, mlpWidth: 128, endOfText: -1 },
}
/** One of 12 MB, whose calls take long enough to be met while they run. */
exports.middling = {
  ...exports.tiny,
  vision: { kind: 'vit', imageSize: 64, patchSize: 4, width: 256, layers: 4, heads: 4, mlpWidth: 1024 },
}
exports.compute = { device: 'cpu', dtype: 'float32' }
exports.resize = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], interpolation: 'bicubic' }
exports.encode = { ...exports.resize, normalize: true, batchSize: 8 }

/** Smooth colour waves that differ by seed. */
exports.picture = (width, height, seed = 0) => {
  const data = new Uint8Array(width * height * 3)
  for (let i = 0; i < data.length; i++) {
    const x = Math.floor(i / 3) % width
    const y = Math.floor(i / (3 * width))
    data[i] = 127.5 + 127 * Math.sin((x * (1 + (seed % 3)) + 2 * y + 40 * (i % 3) + 90 * seed) / 17)
  }
  return { data, width, height }
}

const { writeFileSync } = require('node:fs')
const { join } = require('node:path')

function writeTensor(file, key, dtype, shape, array) {
  const header = Buffer.from(JSON.stringify({ [key]: { dtype, shape, data_offsets: [0, array.byteLength] } }))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  writeFileSync(file, Buffer.concat([length, header, Buffer.from(array.buffer, array.byteOffset, array.byteLength)]))
}

/** Options of a training of `steps` short steps on 64 pictures, which it writes into `folder`. */
exports.training = (folder, steps) => {
  const [n, side, context] = [64, 32, 16]
  const pixels = new Uint8Array(n * side * side * 3)
  const tokens = new Int32Array(n * context)
  for (let i = 0; i < n; i++) {
    pixels.set(exports.picture(side, side, i).data, i * side * side * 3)
    tokens.set([97, 1 + (i % 90), 1 + ((i * 7) % 90), 99], i * context)
  }
  const files = { pixels: join(folder, 'pixels.safetensors'), tokens: join(folder, 'tokens.safetensors') }
  writeTensor(files.pixels, 'pixels', 'U8', [n, side, side, 3], pixels)
  writeTensor(files.tokens, 'tokens', 'I32', [n, context], tokens)
  return {
    model: { ...exports.tiny, dense: 'value' },
    data: { kind: 'packed', ...files },
    into: join(folder, 'run'),
    seed: 1,
    stages: [{ steps, batchSize: 16, size: 32 }],
    learningRate: 1e-3,
    weightDecay: 0.1,
    beta1: 0.9,
    beta2: 0.98,
    warmupSteps: 10,
    clipNorm: 1,
    patchLoss: 0,
    claimLoss: 0,
    objective: 'captions',
    softTargets: false,
    freeze: { vision: false, text: false },
    dtype: 'float32',
    workers: 1,
    checkpointEvery: 500,
    logEvery: 1,
  }
}
