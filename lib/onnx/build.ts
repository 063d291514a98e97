import { invalidArgument } from '../errors'
import { deeplab } from './deeplab'
import { GraphBuilder } from './graph'
import { Layers } from './layers'
import { answers, normalised, type View } from './picture'
import { elementTypes } from './schema'
import type { StateDict } from './state'

export interface NetworkOptions {
  outputStride: 8 | 16
  view: View
  /** Weights and arithmetic of the network in float16; what comes in and goes out stays as it is. */
  half: boolean
  /** Of each label: one whose highest probability is less is nowhere (lib/deeplab/presence.ts). Default: all may be anywhere. */
  thresholds?: readonly number[]
  metadata: Record<string, string>
}

/** Labels are bytes. */
const mostClasses = 256

/**
 * An ONNX file of a DeepLabv3+, in parts: `image` uint8 [1, H, W, 3] of any size -> `labels` uint8 [1, H, W], the class of every pixel, and
 * `score` float32 [1, C, h, w], log-probabilities on the network's grid.
 * @throws ERR_WORDMASK_CHECKPOINT for keys that are not there, ERR_WORDMASK_INVALID_ARGUMENT for more than 256 classes
 */
export async function buildNetwork(
  state: StateDict,
  { outputStride, view, half, thresholds, metadata }: NetworkOptions,
): Promise<Uint8Array[]> {
  const classes = state.shape('classifier.classifier.3.weight')[0] as number
  if (classes > mostClasses) throw invalidArgument('classes', `at most ${mostClasses} for an ONNX file, whose labels are bytes`, classes)
  const graph = new GraphBuilder()
  const layers = new Layers(graph, state, half)
  const pixels = normalised(graph, 'image', view)
  const logits = await deeplab(layers, half ? graph.node('Cast', [pixels], { to: elementTypes.float16 }) : pixels, outputStride)
  answers(layers, half ? graph.node('Cast', [logits], { to: elementTypes.float32 }) : logits, 'image', thresholds)
  return graph.finish(
    [{ name: 'image', type: 'uint8', shape: [1, 'height', 'width', 3] }],
    [
      { name: 'labels', type: 'uint8', shape: [1, 'height', 'width'] },
      { name: 'score', type: 'float32', shape: [1, classes, 'grid_height', 'grid_width'] },
    ],
    metadata,
  )
}
