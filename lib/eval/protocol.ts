import type { Templates } from '../text/prompts'

/**
 * Evaluation on scenes, the protocol behind the figures of models/cards/scenes*.json. native/train/evaluate_scenes.*
 * follows the same one, so that a machine without Node measures the same numbers.
 *
 * Data: scenes 0 .. count-1 of a split, rendered at size x size with `seed`. 'unseen' = training styles, compositions
 * that training never draws; 'heldout' = the drawing style never trained on.
 *
 * - noun R@k: one query a name (concepts and backgrounds): its class vector (templates) against the image embeddings;
 *   right = the scene shows the name. Names that no scene shows are left out.
 * - caption R@k: one query a scene: its full caption (`Scene.caption`, no template); right = that scene alone.
 * - zero-shot accuracy: share of scenes whose best concept (backgrounds are not candidates) is in the picture; scenes
 *   without an object are left out.
 * - mIoU over all names: every pixel takes the best of all names; one confusion matrix over all scenes; mean over the
 *   names that occur in truth or prediction; also over concepts alone (objects) and backgrounds alone.
 * - mIoU over present names: the same, each scene prompted with the names it shows only.
 * - chance: recall of a random order; a guess uniform over the candidates for accuracy and mIoU.
 *
 * Images are seen at the model's own size (scenes are square, so nothing is cropped), dense features
 * at `size`; cosines are upsampled bilinearly to the picture before the argmax. Ties: lowest index.
 */
export interface ScenesProtocol {
  split: 'unseen' | 'heldout'
  count: number
  size: number
  seed: number
  templates: Templates
}

export const scenesDefaults = { split: 'unseen', count: 600, size: 96, seed: 0 } as const

/** k of R@k, in the order of every report. */
export const recallAt = [1, 5]
