import { picture, prompts, random, resize } from './models.mjs'

const image = (architecture, dtype, batch) => ({
  name: `encode image ${architecture} ${dtype} batch ${batch}`,
  unit: 'images/s',
  items: batch,
  prepare: async () => ({
    clip: await random(architecture, dtype),
    images: Array.from({ length: batch }, (_, i) => picture(640, 480, i)),
    dispose() {
      this.clip.dispose()
    },
  }),
  run: ({ clip, images }) => clip.encodeImage(images, { ...resize, normalize: true, batchSize: batch }, {}),
})

const words = (dtype, batch) => ({
  name: `encode text ViT-B/16 ${dtype} batch ${batch}`,
  unit: 'texts/s',
  items: batch,
  prepare: async () => ({ clip: await random('ViT-B/16', dtype), tokens: prompts(batch) }),
  run: ({ clip, tokens }) => clip.encodeText(tokens, batch, { normalize: true, batchSize: batch }, {}),
})

export default [
  ...['float32', 'bfloat16'].flatMap((dtype) => [1, 8].map((batch) => image('ViT-B/16', dtype, batch))),
  image('ViT-B/32', 'float32', 8),
  words('float32', 64),
  words('bfloat16', 64),
]
