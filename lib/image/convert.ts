/** Pillow's rounded a * b / 255. */
function multiply255(a: number, b: number): number {
  const product = a * b + 128
  return ((product >> 8) + product) >> 8
}

/** CMYK (255 = full ink) with `channels` bytes a pixel to RGB by Pillow's formula. */
export function convertCmyk(data: Uint8Array, channels: number): Uint8Array {
  const pixels = data.length / channels
  const rgb = new Uint8Array(pixels * 3)
  for (let i = 0; i < pixels; i++) {
    const from = i * channels
    const light = 255 - (data[from + 3] as number)
    for (let c = 0; c < 3; c++) rgb[i * 3 + c] = light - multiply255(data[from + c] as number, light)
  }
  return rgb
}

/** 16-bit grey (native byte order, `channels` values a pixel, the first is grey) to RGB: 65,535 becomes 255. */
export function reduceGrey16(bytes: Uint8Array, channels: number): Uint8Array {
  const values = new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
  const rgb = new Uint8Array((values.length / channels) * 3)
  for (let i = 0; i < rgb.length; i += 3) rgb.fill(Math.round((values[(i / 3) * channels] as number) / 257), i, i + 3)
  return rgb
}

/** One grey byte a pixel to RGB. */
export function expandGrey(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3)
  for (let i = 0; i < grey.length; i++) {
    const value = grey[i] as number
    rgb[i * 3] = value
    rgb[i * 3 + 1] = value
    rgb[i * 3 + 2] = value
  }
  return rgb
}
