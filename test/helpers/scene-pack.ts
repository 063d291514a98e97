import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
/** The packs that `npm run build` makes of models/scenes and test/fixtures/openmoji. */
export const trainingPack = join(root, 'models/scenes/scenes.pack')
export const heldoutPack = join(root, 'test/fixtures/openmoji/scenes-heldout.pack')
for (const file of [trainingPack, heldoutPack]) if (!existsSync(file)) throw new Error(`${file} is missing. Run: npm run build`)
