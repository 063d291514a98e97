import { WordmaskError } from '../errors'
import type { Tokenizer, TokenTensor } from './tokenizer'

/** Texts with words that are left out, more of which are told about together. */
const toldApart = 5

/**
 * What a text tower can read. A tower cut down to few words knows the ids of `ids`; a word with any other id is left out
 * and told about, once a word, as a process warning. Without `ids` every text is known.
 */
export class Vocabulary {
  private readonly known: ReadonlySet<number> | undefined
  private readonly reported = new Set<string>()

  constructor(
    private readonly tokenizer: Tokenizer,
    private readonly contextLength: number,
    private readonly model: string,
    ids?: readonly number[],
  ) {
    this.known = ids && new Set(ids)
  }

  /** Words (letters or digits; not signs) that the tower does not know. */
  unknownWords(text: string): string[] {
    const { known } = this
    if (!known) return []
    const unknown: string[] = []
    for (const { word, ids } of this.tokenizer.encodeWords(text)) {
      if (/[\p{L}\p{N}]/u.test(word) && !ids.every((id) => known.has(id))) unknown.push(word)
    }
    return unknown
  }

  /** Whether any word of a text is known; true for a text without words. */
  private readable(text: string, unknown: string[]): boolean {
    if (unknown.length === 0) return true
    for (const { word, ids } of this.tokenizer.encodeWords(text)) {
      if (/[\p{L}\p{N}]/u.test(word) && ids.every((id) => this.known?.has(id))) return true
    }
    return false
  }

  /**
   * Names or texts about to be encoded. One with no known word at all is an error that lists all such; one that is known in
   * part is warned about. @throws ERR_WORDMASK_VOCABULARY
   */
  check(texts: readonly string[]): void {
    if (!this.known) return
    const unreadable: string[] = []
    const partly: { text: string; unknown: string[] }[] = []
    for (const text of texts) {
      const unknown = this.unknownWords(text)
      if (!this.readable(text, unknown)) unreadable.push(text)
      else if (unknown.some((word) => !this.reported.has(word))) partly.push({ text, unknown })
    }
    if (unreadable.length === 0) {
      const words = partly.flatMap(({ unknown }) => unknown)
      if (partly.length > toldApart) this.report(words, `of ${partly.length} texts`)
      else for (const { text, unknown } of partly) this.report(unknown, `of ${JSON.stringify(text)}`)
      return
    }
    const shown =
      unreadable
        .slice(0, 10)
        .map((text) => JSON.stringify(text))
        .join(', ') + (unreadable.length > 10 ? ` and ${unreadable.length - 10} more` : '')
    throw new WordmaskError(
      'ERR_WORDMASK_VOCABULARY',
      `The model ${this.model} knows no word of ${shown}. What it knows: \`npx wordmask model info ${this.model}\`. A model that reads any word: \`npx wordmask model pull ViT-B/16\`, then load 'ViT-B/16'.`,
    )
  }

  /** Templates: words that are not known are left out of every prompt. */
  checkTemplates(templates: readonly string[]): void {
    if (this.known)
      this.report(
        templates.flatMap((template) => this.unknownWords(template.replace('{}', ' '))),
        'of the templates',
      )
  }

  private report(words: string[], where: string): void {
    const fresh = [...new Set(words)].filter((word) => !this.reported.has(word))
    if (fresh.length === 0) return
    for (const word of fresh) this.reported.add(word)
    const shown = fresh.slice(0, 20).join(', ') + (fresh.length > 20 ? ` and ${fresh.length - 20} more` : '')
    process.emitWarning(`The model ${this.model} does not know these words ${where}, which are left out: ${shown}`, {
      type: 'WordmaskWarning',
      code: 'WORDMASK_VOCABULARY',
    })
  }

  /** Texts to ids, unknown words left out. @throws ERR_WORDMASK_TEXT_TOO_LONG when a text does not fit and `truncate` is off */
  tokenize(texts: readonly string[], truncate: boolean): TokenTensor {
    if (!truncate) {
      for (const text of texts) {
        // An id covers at least one byte, a UTF-16 unit at most three: short texts need no counting.
        const length = text.length * 3 + 2 <= this.contextLength ? 0 : this.tokenizer.length(text)
        if (length > this.contextLength) {
          const shown = JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text)
          throw new WordmaskError(
            'ERR_WORDMASK_TEXT_TOO_LONG',
            `${shown} needs ${length} tokens; ${this.model} reads ${this.contextLength}. Shorten it.`,
          )
        }
      }
    }
    return this.tokenizer.tokenize(texts, this.contextLength, this.known)
  }
}
