import type { Lifetime } from '../lifetime'

/** A Clip, or anything else that is freed when the last of its calls has ended. */
export interface Model {
  readonly lifetime: Lifetime
  [Symbol.asyncDispose](): Promise<void>
}

/** The models of a method: calls keep those alive that they work with, and what the method opened itself is freed with it. */
export class Models {
  private readonly needed: ReadonlySet<Model>
  private readonly owned: ReadonlySet<Model>

  constructor(needed: Iterable<Model>, owned: Iterable<Model>) {
    this.needed = new Set(needed)
    this.owned = new Set(owned)
  }

  /** @throws ERR_WORDMASK_DISPOSED */
  check(): void {
    for (const { lifetime } of this.needed) lifetime.check()
  }

  during<T>(call: () => Promise<T>): Promise<T> {
    return [...this.needed].reduce(
      (inner, { lifetime }) =>
        () =>
          lifetime.during(inner),
      call,
    )()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.owned].map((model) => model[Symbol.asyncDispose]()))
  }
}
