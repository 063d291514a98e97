import type { Lifetime } from '../lifetime'

/** A Clip, or anything else with weights. */
export interface Model {
  readonly lifetime: Lifetime
  [Symbol.asyncDispose](): Promise<void>
}

/** The models of a method: calls keep all of them alive, and those that the method loaded itself are freed with it. */
export class Models {
  private readonly all: ReadonlySet<Model>
  private readonly owned: ReadonlySet<Model>

  constructor(models: Iterable<{ model: Model; owned: boolean }>) {
    const list = [...models]
    this.all = new Set(list.map(({ model }) => model))
    this.owned = new Set(list.filter(({ owned }) => owned).map(({ model }) => model))
  }

  /** @throws ERR_WORDMASK_DISPOSED */
  check(): void {
    for (const { lifetime } of this.all) lifetime.check()
  }

  during<T>(call: () => Promise<T>): Promise<T> {
    return [...this.all].reduce(
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
