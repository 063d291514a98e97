import { z } from 'zod'
import type { RefineOptions } from '../../binding'
import { positiveInteger } from '../options'

interface Limits {
  /** Leave out names that win at no pixel before refinement: faster where many names are asked for, and not exact. Default false. */
  prune?: boolean
  /** Bytes a picture may take; more rejects with ERR_WORDMASK_MEMORY, which says how much it is. Default 4 GiB; 0: no limit. */
  maxBytes?: number
}

/** Defaults are those of the ReCo paper's code. */
export interface CrfOptions extends Limits {
  /** Mean field steps. Default 10. */
  iterations?: number
  /** Gaussian of positions: its weight (default 3; 0: none) and width in pixels (default 1). */
  smoothness?: { weight?: number; sxy?: number }
  /** Gaussian of positions and colours: weight (default 4; 0: none), width in pixels (default 67) and in grey values (default 3). */
  appearance?: { weight?: number; sxy?: number; srgb?: number }
}

export interface PamrOptions extends Limits {
  /** Default 10. */
  iterations?: number
  /** Distances of the neighbours in pixels, 1 to 64 of them. Default 1, 2, 4, 8, 12, 24. */
  dilations?: readonly number[]
}

/**
 * What follows the scores and comes before the labels, for every method: probabilities of all names at all pixels, drawn towards
 * those of pixels that look alike. 'crf': a dense CRF (Krähenbühl and Koltun 2011); 'pamr': pixel-adaptive mask refinement (Araslanov
 * and Roth 2020).
 */
export type Refine = 'crf' | 'pamr' | { crf: CrfOptions } | { pamr: PamrOptions }

/** With all its numbers. */
export type Refinement = RefineOptions

const weight = z.number().min(0).max(1e9)
const sigma = z.number().min(1e-3).max(1e9)
const limits = { prune: z.boolean().optional(), maxBytes: z.number().min(0).max(1e18).optional() }
const iterations = z.number().int().min(0).max(1_000_000).optional()
const crf = z.strictObject({
  iterations,
  smoothness: z.strictObject({ weight: weight.optional(), sxy: sigma.optional() }).optional(),
  appearance: z.strictObject({ weight: weight.optional(), sxy: sigma.optional(), srgb: sigma.optional() }).optional(),
  ...limits,
})
const pamr = z.strictObject({ iterations, dilations: z.array(positiveInteger.max(65536)).min(1).max(64).optional(), ...limits })

export const refine = z.union([z.enum(['crf', 'pamr']), z.strictObject({ crf }), z.strictObject({ pamr })], {
  error:
    "'crf', 'pamr', { crf: { iterations, smoothness, appearance, prune, maxBytes } } or { pamr: { iterations, dilations, prune, maxBytes } }",
})

/** What is left out filled in. */
export function refinementOf(given: Refine): Refinement
export function refinementOf(given: Refine | undefined): Refinement | undefined
export function refinementOf(given: Refine | undefined): Refinement | undefined {
  if (given === undefined) return undefined
  const chosen = given === 'crf' ? { crf: {} } : given === 'pamr' ? { pamr: {} } : given
  const { prune = false, maxBytes = 2 ** 32 } = 'crf' in chosen ? chosen.crf : chosen.pamr
  if ('crf' in chosen) {
    const { iterations = 10, smoothness = {}, appearance = {} } = chosen.crf
    return {
      method: 'crf',
      iterations,
      smoothness: { weight: smoothness.weight ?? 3, sxy: smoothness.sxy ?? 1 },
      appearance: { weight: appearance.weight ?? 4, sxy: appearance.sxy ?? 67, srgb: appearance.srgb ?? 3 },
      prune,
      maxBytes,
    }
  }
  const { iterations = 10, dilations = [1, 2, 4, 8, 12, 24] } = chosen.pamr
  return { method: 'pamr', iterations, dilations: [...dilations], prune, maxBytes }
}

/** The option that gives this refinement. */
export function refinedBy(refinement: Refinement): Refine {
  if (refinement.method === 'crf') {
    const { method: _, ...crf } = refinement
    return { crf }
  }
  const { method: _, ...pamr } = refinement
  return { pamr }
}

/** 'crf' or 'pamr' where all numbers are the defaults, else with those numbers. */
export function refinementName(refinement: Refinement): string {
  const { method } = refinement
  const words = JSON.stringify(refinedBy(refinement))
  return words === JSON.stringify(refinedBy(refinementOf(method))) ? method : words
}
