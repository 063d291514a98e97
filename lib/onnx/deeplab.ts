import { mobilenet, resnet } from './backbones'
import type { Layers } from './layers'

/**
 * DeepLabv3+ with ReCo+'s keys: normalised [1, 3, H, W] -> logits [1, classes, ceil(H / 4), ceil(W / 4)]. The backbone, its depth and
 * all widths are what the state dict has.
 */
export async function deeplab(layers: Layers, x: string, outputStride: 8 | 16): Promise<string> {
  const backbone = layers.state.has('backbone.conv1.weight') ? resnet : mobilenet
  const { low, high } = await backbone(layers, x, outputStride)
  const wide = layers.enlarge(await aspp(layers, high, outputStride), layers.size(low))
  const narrow = layers.relu(await layers.convNorm(low, 'classifier.project'))
  const both = layers.graph.node('Concat', [narrow, wide], { axis: 1 })
  const refined = await layers.separable(both, 'classifier.classifier.0', 'classifier.classifier.1', 1)
  return layers.conv(refined, 'classifier.classifier.3', undefined)
}

/** Atrous spatial pyramid pooling: a point, three separable dilations and the mean of the grid side by side, then a point. */
async function aspp(layers: Layers, x: string, outputStride: 8 | 16): Promise<string> {
  const { graph } = layers
  const convs = 'classifier.aspp.convs.'
  const branches = [layers.relu(await layers.convNorm(x, `${convs}0`))]
  for (const i of [1, 2, 3]) branches.push(await layers.separable(x, `${convs}${i}.0`, `${convs}${i}.1`, (i * 96) / outputStride))
  const pooled = layers.relu(await layers.conv(graph.node('GlobalAveragePool', [x]), `${convs}4.1`, `${convs}4.2`))
  const ones = graph.constant('int64', [1, 1])
  branches.push(graph.node('Expand', [pooled, graph.node('Concat', [ones, layers.size(x)], { axis: 0 })]))
  return layers.relu(await layers.convNorm(graph.node('Concat', branches, { axis: 1 }), 'classifier.aspp.project'))
}
