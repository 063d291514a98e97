import type { Clip } from '../clip/clip'
import { type ClassEntry, parseClasses } from '../text/classes'
import { Tokenizer } from '../text/tokenizer'
import type { CurateClip } from './curate'
import { sample } from './random'
import type { ClassText } from './source'

/** Tokens looked at for whole words; some half of a CLIP's are such. */
const tokensLookedAt = 4096

/** What curation asks of a Clip. */
export function clipTexts(clip: Clip): CurateClip {
  const { vocabulary, source } = clip.model
  return {
    templates: source.templates,
    async vectors(texts, templates, signal) {
      if (texts.length === 0) return new Float32Array(0)
      return (await clip.classVectors(texts.map(entryOf), templates, { signal })).data
    },
    readable: (texts) => texts.filter(({ name }) => vocabulary.unknownWords(name).length === 0),
    words: async () => wholeWords(await Tokenizer.load(), source.config.text.vocabulary),
  }
}

function entryOf(text: ClassText, i: number): ClassEntry {
  const [entry] = parseClasses([{ name: text.name }])
  return { ...entry!, id: i + 1, synonyms: text.synonyms, prompts: text.prompts }
}

/** Words of letters that are one token each: those of a tower that knows few tokens, else a random part of all. */
function wholeWords(tokenizer: Tokenizer, known: readonly number[] | undefined): string[] {
  const ids = known ?? sample(tokenizer.vocabSize - 2, tokensLookedAt, 0)
  return [...ids]
    .sort((a, b) => a - b)
    .map((id) => ({ id, text: id < tokenizer.vocabSize - 2 ? tokenizer.decode([id]) : '' }))
    .filter(({ id, text }) => /^\p{L}{3,} $/u.test(text) && tokenizer.encode(text).join() === String(id))
    .map(({ text }) => text.trim())
}
