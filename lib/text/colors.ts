/** Red, green, blue, 0..255. */
export type Color = readonly [number, number, number]

/** Colour of label value i in the PASCAL VOC colour map: 0 is black; values above 255 go through 1..255 again. */
export function vocColor(i: number): Color {
  const color: [number, number, number] = [0, 0, 0]
  let rest = i === 0 ? 0 : ((i - 1) % 255) + 1
  for (let bit = 7; bit >= 0 && rest > 0; bit--, rest >>= 3) {
    for (let channel = 0; channel < 3; channel++) color[channel as 0 | 1 | 2] |= ((rest >> channel) & 1) << bit
  }
  return color
}

/** '#rrggbb' or three integers of 0..255; undefined for anything else. */
export function parseColor(color: unknown): Color | undefined {
  if (typeof color === 'string') {
    const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(color)
    return match
      ? [Number.parseInt(match[1] as string, 16), Number.parseInt(match[2] as string, 16), Number.parseInt(match[3] as string, 16)]
      : undefined
  }
  const isByte = (value: unknown) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255
  return Array.isArray(color) && color.length === 3 && color.every(isByte) ? [color[0], color[1], color[2]] : undefined
}
