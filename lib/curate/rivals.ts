import { products } from './matrix'
import { dot } from './near'

/** Names of the bank nearest to a name that are no rivals of it: they may be other words for it, or what it is a kind of. */
const kin = 3

/** All the names that an image may show instead of a given one. */
export class Rivals {
  private readonly texts: Float32Array
  private readonly classes: number

  /** @param names class vectors [n, dim] @param bank vectors of other names [m, dim] */
  constructor(
    names: Float32Array,
    private readonly bank: Float32Array,
    private readonly dim: number,
  ) {
    this.classes = names.length / dim
    this.texts = new Float32Array(names.length + bank.length)
    this.texts.set(names)
    this.texts.set(bank, names.length)
  }

  /** Whether a class has any. */
  get any(): boolean {
    return this.texts.length > this.dim
  }

  /** Of rows [n, dim]: the cosine with class `index` less that with its nearest rival; the cosine itself where there is none. */
  async ofClass(index: number, vectors: Float32Array): Promise<number[]> {
    const { dim, texts } = this
    const name = texts.subarray(index * dim, (index + 1) * dim)
    const own = Array.from({ length: vectors.length / dim }, (_, row) => dot(vectors.subarray(row * dim, (row + 1) * dim), name))
    return this.margins(name, own, vectors, index)
  }

  /** Of rows [n, dim]: what ofClass says of each class, in one pass. -> [classes][n] */
  async ofClasses(vectors: Float32Array): Promise<number[][]> {
    const { dim, texts, classes } = this
    const m = texts.length / dim
    const cosines = await products(vectors, texts, dim)
    return Array.from({ length: classes }, (_, index) => {
      const left = this.kinOf(texts.subarray(index * dim, (index + 1) * dim)).add(index)
      return Array.from({ length: cosines.length / m }, (_, row) => this.margin(cosines[row * m + index] as number, cosines, row, left))
    })
  }

  /** The same for any text. @param own cosines of the rows with it @param self the class that it is */
  async margins(text: Float32Array, own: ArrayLike<number>, vectors: Float32Array, self?: number): Promise<number[]> {
    const left = this.kinOf(text)
    if (self !== undefined) left.add(self)
    const cosines = await products(vectors, this.texts, this.dim)
    return Array.from(own, (score, row) => this.margin(score, cosines, row, left))
  }

  private margin(score: number, cosines: Float32Array, row: number, left: ReadonlySet<number>): number {
    const m = this.texts.length / this.dim
    let most = Number.NEGATIVE_INFINITY
    for (let j = 0; j < m; j++) if (!left.has(j)) most = Math.max(most, cosines[row * m + j]!)
    return most === Number.NEGATIVE_INFINITY ? score : score - most
  }

  /** Places in `texts` of the bank's names nearest to a text; of a bank that small none. */
  private kinOf(text: Float32Array): Set<number> {
    const { bank, dim, classes } = this
    const count = bank.length / dim
    if (count <= kin) return new Set()
    const near = Array.from({ length: count }, (_, i) => ({ i, cosine: dot(bank.subarray(i * dim, (i + 1) * dim), text) }))
    near.sort((a, b) => b.cosine - a.cosine || a.i - b.i)
    return new Set(near.slice(0, kin).map(({ i }) => classes + i))
  }
}
