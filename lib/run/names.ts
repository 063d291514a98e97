import { createHash } from 'node:crypto'

/**
 * Gives every image a place in the output folder: its path without ending, so `a/cat.jpg` becomes `a/cat`. Two images
 * that would meet (cat.jpg and cat.png, or two cat.jpg from different folders of a list) get `cat.png`, then
 * `cat.png-1f3a...`, so that nothing overwrites anything.
 */
export class OutputNames {
  readonly #owner = new Map<string, string>()

  constructor(taken: Iterable<{ image: string; name: string }> = []) {
    for (const { image, name } of taken) this.#owner.set(name, image)
  }

  /** @param relative path below the output folder, '/' as separator. The same image always gets the same name back. */
  take(image: string, relative: string): string {
    const stem = relative.replace(/(?<=[^/])\.[^./]+$/, '')
    const digest = createHash('sha256').update(image).digest('hex').slice(0, 8)
    for (const name of [stem, relative, `${relative}-${digest}`]) {
      const owner = this.#owner.get(name)
      if (owner === undefined || owner === image) {
        this.#owner.set(name, image)
        return name
      }
    }
    throw new Error(`no free output name for ${image}`)
  }
}
