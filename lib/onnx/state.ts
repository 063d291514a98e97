import type { Task } from '../../binding'
import { binding } from '../binding'
import { WordmaskError } from '../errors'
import type { Tensor } from '../options'

/** The tensors of a checkpoint by key, read one at a time. */
export class StateDict {
  private readonly shapes: Map<string, number[]>

  private constructor(
    private readonly files: string[],
    tensors: { key: string; shape: number[] }[],
    readonly metadata: Record<string, string>,
    private readonly task: Task,
  ) {
    this.shapes = new Map(tensors.map(({ key, shape }) => [key, shape]))
  }

  /** @throws ERR_WORDMASK_FILE_NOT_FOUND, ERR_WORDMASK_CHECKPOINT */
  static async open(files: string[], task: Task): Promise<StateDict> {
    const { tensors, metadata } = await binding().readCheckpoint(files, task)
    return new StateDict(files, tensors, metadata, task)
  }

  keys(): string[] {
    return [...this.shapes.keys()]
  }

  has(key: string): boolean {
    return this.shapes.has(key)
  }

  /** @throws ERR_WORDMASK_CHECKPOINT for a key that is not there */
  shape(key: string): number[] {
    const shape = this.shapes.get(key)
    if (shape) return shape
    throw new WordmaskError('ERR_WORDMASK_CHECKPOINT', `Expected the key ${key}, which ${this.files.join(', ')} has not`)
  }

  /** How many of `prefix`0, `prefix`1, ... have keys. */
  count(prefix: string): number {
    let n = 0
    while ([...this.shapes.keys()].some((key) => key.startsWith(`${prefix}${n}.`))) n++
    return n
  }

  async tensor(key: string): Promise<Tensor> {
    this.shape(key)
    return binding().readTensor(this.files, key, this.task)
  }
}
