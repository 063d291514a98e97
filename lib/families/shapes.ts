import type { CheckpointSummary } from '../../binding'

/** Numbers read off the shapes; what the shapes do not say is left out. */
export interface Architecture {
  [name: string]: number | string | number[] | Architecture | undefined
}

/** Keys and shapes of a checkpoint, as the rules of families.ts ask for them. */
export class Shapes {
  private constructor(
    private readonly shapes: ReadonlyMap<string, readonly number[]>,
    /** What stands before every key and was taken off: '', 'module.', 'backbone.' ... */
    readonly prefix: string,
  ) {}

  static of(summary: CheckpointSummary): Shapes {
    return new Shapes(new Map(summary.tensors.map(({ key, shape }) => [key, shape])), '')
  }

  /** The part under a prefix; undefined where nothing has it. */
  under(prefix: string): Shapes | undefined {
    if (prefix === '') return this
    const inside = [...this.shapes]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, shape]) => [key.slice(prefix.length), shape] as const)
    return inside.length > 0 ? new Shapes(new Map(inside), prefix) : undefined
  }

  has(...keys: string[]): boolean {
    return keys.every((key) => this.shapes.has(key))
  }

  /** Size of one axis; undefined where there is no such key or axis. */
  size(key: string, axis: number): number | undefined {
    return this.shapes.get(key)?.[axis]
  }

  /** Number of different i for which `${before}${i}.` begins a key. */
  count(before: string): number {
    const found = new Set<string>()
    for (const key of this.shapes.keys()) {
      const index = key.startsWith(before) ? /^\d+(?=\.)/.exec(key.slice(before.length))?.[0] : undefined
      if (index !== undefined) found.add(index)
    }
    return found.size
  }

  some(pattern: RegExp): boolean {
    return [...this.shapes.keys()].some((key) => pattern.test(key))
  }

  first(count: number): string[] {
    return [...this.shapes.keys()].slice(0, count)
  }
}

/** Side of a square grid of that many cells; undefined where it is not square. */
export function side(cells: number | undefined): number | undefined {
  const root = Math.round(Math.sqrt(cells ?? -1))
  return root * root === cells ? root : undefined
}
