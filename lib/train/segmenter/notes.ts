import type { SegmenterRecipe } from './recipe'

/** What the weights that come out go back to. */
export interface Origin {
  kind: 'random' | 'backbone' | 'network'
  /** sha256 of the first weights, in order. */
  sha256: string[]
  file?: string
}

/** What must not be overlooked about where a training starts: said before it begins, and kept in the result. */
export function startNotes({ kind, file }: Origin, { backbone }: Pick<SegmenterRecipe, 'backbone'>): string[] {
  if (kind === 'network') return [`The network starts from ${file}`]
  if (kind === 'backbone') return [`The backbone ${backbone} starts from ${file}; the head from random weights`]
  return [
    `The backbone ${backbone} starts from random weights, not from ImageNet's: on photographs that costs much accuracy. Give torchvision's weights (backboneWeights, --backbone-weights).`,
  ]
}
