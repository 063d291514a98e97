import { WordmaskError } from '../errors'

/** What is done to image and label map before anything looks at them: nothing, or shorter side and centre crop. */
export type ResizeRule = { kind: 'none' } | { kind: 'shorter'; side: number; crop: boolean; filter: 'nearest' | 'bilinear' }

/** 'none', 'shorter:320', 'shorter:320,crop', 'shorter:320,crop,nearest'. Labels are always nearest. */
export function parseResize(text: string): ResizeRule {
  if (text === 'none') return { kind: 'none' }
  const [first = '', ...words] = text.split(',').map((word) => word.trim())
  const side = /^shorter:(\d+)$/.exec(first)?.[1]
  const filters = words.filter((word) => word === 'nearest' || word === 'bilinear')
  const known = words.every((word) => word === 'crop' || word === 'nearest' || word === 'bilinear')
  if (
    side === undefined ||
    !known ||
    new Set(words).size < words.length ||
    filters.length > 1 ||
    !(Number(side) >= 16 && Number(side) <= 8192)
  ) {
    throw new WordmaskError(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      `Expected none or shorter:320[,crop][,nearest|bilinear] with a side of 16 to 8192 but received ${JSON.stringify(text.slice(0, 60))}`,
    )
  }
  return { kind: 'shorter', side: Number(side), crop: words.includes('crop'), filter: filters[0] === 'nearest' ? 'nearest' : 'bilinear' }
}

export function describeResize(rule: ResizeRule): string {
  return rule.kind === 'none' ? 'none' : `shorter:${rule.side}${rule.crop ? ',crop' : ''},${rule.filter}`
}

interface Size {
  width: number
  height: number
}

/** The size after scaling, and the part of it that is kept; undefined: the image stays as it is. */
export function resizedTo(image: Size, rule: ResizeRule): { scaled: Size; left: number; top: number; kept: Size } | undefined {
  if (rule.kind === 'none') return undefined
  const { side, crop } = rule
  const { width, height } = image
  // The longer side is cut to whole pixels, as torchvision does.
  const scaled =
    width <= height
      ? { width: side, height: Math.floor((side * height) / width) }
      : { width: Math.floor((side * width) / height), height: side }
  if (!crop) return { scaled, left: 0, top: 0, kept: scaled }
  return {
    scaled,
    left: halfEven((scaled.width - side) / 2),
    top: halfEven((scaled.height - side) / 2),
    kept: { width: side, height: side },
  }
}

/** Python's round(): halves go to the even neighbour. */
function halfEven(value: number): number {
  const low = Math.floor(value)
  const rest = value - low
  if (rest !== 0.5) return Math.round(value)
  return low % 2 === 0 ? low : low + 1
}
