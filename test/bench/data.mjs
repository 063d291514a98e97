// Inputs that every language draws alike (native/check/bench_support.cc, peers/data.py): element i of a seed is a number in [-.5, .5).

function mix(x) {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d)
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b)
  return (x ^ (x >>> 16)) >>> 0
}

export function uniform(count, seed) {
  const offset = mix(seed)
  return Float32Array.from({ length: count }, (_, i) => (mix((i + offset) | 0) >>> 8) / 2 ** 24 - 0.5)
}

/** RGB bytes of a picture: noise, so that nothing about it is easier than a photograph. */
export function picture(width, height, seed) {
  const values = uniform(width * height * 3, seed)
  return { data: Uint8Array.from(values, (value) => Math.floor((value + 0.5) * 256)), width, height, channels: 3 }
}

const MEAN = [0.48145466, 0.4578275, 0.40821073]
const STD = [0.26862954, 0.26130258, 0.27577711]

/** Pictures of one size -> float32 [n, 3, height, width] as CLIP sees them. */
export function normalized(pictures) {
  const area = pictures[0].width * pictures[0].height
  const out = new Float32Array(pictures.length * 3 * area)
  for (const [n, { data }] of pictures.entries())
    for (let channel = 0; channel < 3; channel++)
      for (let i = 0; i < area; i++) out[(n * 3 + channel) * area + i] = (data[i * 3 + channel] / 255 - MEAN[channel]) / STD[channel]
  return out
}
