import { cardOfWeights } from '../cards'
import { parseSaved, savedKey } from '../clip/save'
import { Tokenizer } from '../text/tokenizer'

/**
 * Words that a text tower cut down to few ids can read, in alphabetical order; undefined for one that reads any text. Longer
 * words that are spelt by several of these ids are readable too and not listed.
 */
export async function knownWords(file: string, metadata: Record<string, string>): Promise<string[] | undefined> {
  const saved = metadata[savedKey]
  const config = saved === undefined ? (await cardOfWeights(file))?.config : parseSaved(saved, file).config
  const ids = config?.text.vocabulary
  if (ids === undefined) return undefined
  const tokenizer = await Tokenizer.load()
  const isWord = (word: string, id: number) => /^[\p{L}\p{N}]+$/u.test(word) && tokenizer.encode(word).join() === String(id)
  return ids.flatMap((id) => [tokenizer.decode([id]).trim()].filter((word) => isWord(word, id))).sort()
}
