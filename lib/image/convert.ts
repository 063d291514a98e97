import { setImmediate } from 'node:timers/promises'

/** Pixels converted between two breaths of the event loop. */
const pixelsAtOnce = 250_000

async function eachPixel(pixels: number, convert: (pixel: number) => void): Promise<void> {
  for (let from = 0; from < pixels; from += pixelsAtOnce) {
    if (from > 0) await setImmediate()
    for (let i = from; i < Math.min(pixels, from + pixelsAtOnce); i++) convert(i)
  }
}

/** Pillow's rounded a * b / 255. */
function multiply255(a: number, b: number): number {
  const product = a * b + 128
  return ((product >> 8) + product) >> 8
}

/** CMYK (255 = full ink) with `channels` bytes a pixel to RGB by Pillow's formula. */
export async function convertCmyk(data: Uint8Array, channels: number): Promise<Uint8Array> {
  const rgb = new Uint8Array((data.length / channels) * 3)
  await eachPixel(data.length / channels, (i) => {
    const from = i * channels
    const light = 255 - (data[from + 3] as number)
    for (let c = 0; c < 3; c++) rgb[i * 3 + c] = light - multiply255(data[from + c] as number, light)
  })
  return rgb
}

/** 16-bit grey (native byte order, `channels` values a pixel, the first is grey) to RGB: 65,535 becomes 255. */
export async function reduceGrey16(bytes: Uint8Array, channels: number): Promise<Uint8Array> {
  const values = new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
  return grey(values.length / channels, (i) => Math.round((values[i * channels] as number) / 257))
}

/** One grey byte a pixel to RGB. */
export async function expandGrey(data: Uint8Array): Promise<Uint8Array> {
  return grey(data.length, (i) => data[i] as number)
}

async function grey(pixels: number, value: (pixel: number) => number): Promise<Uint8Array> {
  const rgb = new Uint8Array(pixels * 3)
  await eachPixel(pixels, (i) => {
    const shade = value(i)
    rgb[i * 3] = shade
    rgb[i * 3 + 1] = shade
    rgb[i * 3 + 2] = shade
  })
  return rgb
}
