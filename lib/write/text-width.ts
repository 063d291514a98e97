import sharp from 'sharp'

interface PlacedText {
  x: number
  /** Of the baseline. */
  y: number
  text: string
}

/** Texts in the legend's face, above other shapes. */
export function textSvg(texts: readonly PlacedText[], size: number, width: number, height: number, below = ''): Buffer {
  const style = `font-family="DejaVu Sans, Noto Sans, Liberation Sans, sans-serif" font-size="${size}" fill="#111111"`
  const shapes = texts.map(({ x, y, text }) => `<text x="${x}" y="${y}">${escapeXml(text)}</text>`)
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ${style}>${below}${shapes.join('')}</svg>`,
  )
}

/**
 * How wide texts become, in pixels: drawn one below the other with the fonts of this machine and measured, since no table knows
 * those. `most` for what is as wide or wider; 0 where there is no font.
 */
export async function measureTexts(texts: readonly string[], size: number, most: number): Promise<number[]> {
  const width = Math.max(1, Math.floor(most))
  const band = size * 2
  if (texts.length === 0) return []
  const placed = texts.map((text, i) => ({ x: 0, y: i * band + size * 1.4, text }))
  const { data, info } = await sharp(textSvg(placed, size, width, band * texts.length))
    .raw()
    .toBuffer({ resolveWithObject: true })
  const alpha = info.channels - 1
  return texts.map((_, i) => {
    for (let x = width - 1; x >= 0; x--) {
      for (let y = i * band; y < (i + 1) * band; y++) {
        if ((data[(y * info.width + x) * info.channels + alpha] as number) > 0) return x + 1 === width ? most : x + 1
      }
    }
    return 0
  })
}

/** XML has no place for control characters and the last two code points. */
const escapeXml = (text: string) =>
  text.replace(/[\p{Cc}\ufffe\uffff]/gu, '\ufffd').replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`)
