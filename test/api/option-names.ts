/** Options of each call, all of which refuse a wrong value and a name one letter off. */
export const optionNames: Record<string, string[]> = {
  'Clip.load': ['device', 'dtype', 'activation', 'dense', 'maxPending', 'signal', 'onProgress'],
  'Segmenter.create': ['method', 'clip', 'classes', 'templates', 'background', 'size', 'slide', 'maxPixels', 'maxPending', 'signal'],
  'Segmenter.load': ['device', 'dtype', 'maxPending', 'signal', 'onProgress'],
  'clip.encodeImage': ['batchSize', 'normalize', 'orient', 'maxPixels', 'signal', 'onProgress'],
  'clip.encodeText': ['templates', 'normalize', 'batchSize', 'truncate', 'signal', 'onProgress'],
  'clip.denseFeatures': ['size', 'slide', 'orient', 'maxPixels', 'signal'],
  'clip.classify': ['templates', 'orient'],
  'clip.save': ['dtype', 'signal'],
  'segmenter.segment': ['classes', 'background', 'templates', 'size', 'slide', 'orient', 'maxPixels', 'signal', 'onProgress'],
  'segmenter.segmentAll': ['concurrency', 'classes', 'background', 'signal', 'onProgress'],
  'segmenter.save': ['copyWeights', 'signal'],
  'segmentation.scores': ['at', 'classes'],
  'segmentation.masks': ['minArea', 'instances'],
  'wordmask.pseudoLabel': [
    ...['segmenter', 'into', 'classes', 'background', 'templates', 'size', 'slide', 'refine', 'threshold', 'orient', 'maxPixels', 'dtype'],
    ...['images', 'shardSize', 'queue', 'part', 'devices', 'attempts', 'stop', 'signal', 'onProgress', 'onWarning', 'timing'],
  ],
  'wordmask.decodeImage': ['orient', 'maxPixels'],
  'wordmask.writeOverlay': ['opacity', 'legend'],
  'wordmask.writeCutouts': ['minArea', 'instances'],
}
