import type { Architecture, Shapes } from './shapes'

export interface Rule {
  family: string
  title: string
  /** What may stand before every key of such a checkpoint. */
  prefixes: string[]
  matches(shapes: Shapes): boolean
  architecture(shapes: Shapes): Architecture
}
