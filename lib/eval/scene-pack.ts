import { existsSync } from 'node:fs'
import path from 'node:path'
import { WordmaskError } from '../errors'
import { modelsFolder } from '../folders'

/**
 * The pack files a split needs, the training styles first. The held-out style is under a share-alike licence and lies
 * with the tests of a checkout only; the published package does not carry it.
 */
export function scenePackFiles(split: 'unseen' | 'heldout'): string[] {
  const training = path.join(modelsFolder, 'scenes', 'scenes.pack')
  const heldout = path.join(modelsFolder, '..', 'test', 'fixtures', 'openmoji', 'scenes-heldout.pack')
  const files = split === 'heldout' ? [training, heldout] : [training]
  const missing = files.find((file) => !existsSync(file))
  if (missing === undefined) return files
  const where =
    split === 'heldout'
      ? 'The held-out style is in a checkout only, not in the package: git clone, then npm run build'
      : 'Run: npm run build'
  throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `The scene pack ${missing} is missing. ${where}`)
}
