import { z } from 'zod'
import { Clip } from '../clip/clip'
import { invalidArgument } from '../errors'
import { type SaveOptions, weightsFile } from '../segmenter/save'
import { clipReference, referToClip } from '../segmenter/saved-clip'
import { templateNames } from '../text/prompts'
import { plain } from './making'
import type { RecoParts } from './method'
import { settingsShape } from './options'

export const encoderFile = 'encoder.safetensors'
const templates = z.union([z.enum(templateNames), z.array(z.string())])

/** Keys of wordmask.json beside those that every segmenter has. */
export const savedShape = z.strictObject({
  /** The dense CLIP. */
  clip: clipReference,
  /** null: the dense CLIP's image tower. */
  encoder: clipReference.nullable(),
  reco: z.strictObject({
    ...settingsShape,
    /** Of the models that made the references: copied weights are other files. */
    identity: z.strictObject({ clip: z.string(), encoder: z.string() }),
    retrieve: z.record(z.string(), z.unknown()),
    referenceSize: z.number().int().positive().nullable(),
    /** For retrieval and guidance; null: each model's own. */
    templates: templates.nullable(),
    retrieval: z.strictObject({ load: z.string(), weights: z.string(), templates }),
  }),
})
export type SavedReco = z.infer<typeof savedShape>

/** Refers to the models, or copies them. */
export async function savedReco(
  { clip, dense, encoder, settings, retrieval }: RecoParts,
  folder: string,
  options: SaveOptions,
): Promise<SavedReco> {
  const { k, window, guidance, elimination, contexts, retrieve, referenceSize, templates: given } = settings
  if (!(encoder.model instanceof Clip)) throw invalidArgument('encoder', 'a Clip', encoder.name)
  return {
    clip: await referToClip(clip, folder, weightsFile, options),
    encoder: encoder.model === clip ? null : await referToClip(encoder.model, folder, encoderFile, options),
    reco: {
      ...{ k, window, guidance, elimination, contexts: [...contexts], retrieve: plain(retrieve) },
      identity: { clip: await dense.identity(), encoder: await encoder.identity() },
      ...{ referenceSize: referenceSize ?? null, templates: copied(given) ?? null },
      retrieval: { ...retrieval, templates: copied(retrieval.templates) as z.infer<typeof templates> },
    },
  }
}

const copied = (given: unknown) => (Array.isArray(given) ? [...given] : given) as z.infer<typeof templates> | undefined
