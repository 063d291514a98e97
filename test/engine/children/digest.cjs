// The operation of fixtures.ts for child processes; config: { ms an image, crash: an image over which the process ends }.
const { createHash } = require('node:crypto')
const { setTimeout: delay } = require('node:timers/promises')

exports.openOperation = async (spec) => {
  const { ms = 0, crash, missing } = spec.config
  if (missing && !process.env.HAS_MODEL) {
    const error = new Error("The weights of CLIP are not here. Get them with `npx wordmask model pull ViT-B/32`, then load 'ViT-B/32'.")
    throw Object.assign(error, { code: 'ERR_WORDMASK_MODEL_NOT_FOUND' })
  }
  return {
    spec,
    device: 'cpu',
    async run(shard, context) {
      const lines = []
      for (const image of shard.source) {
        context.signal.throwIfAborted()
        await context.working(image)
        if (image === crash) process.kill(process.pid, 'SIGKILL')
        await delay(ms)
        lines.push(createHash('sha256').update(image).digest('hex'))
        context.onProgress(lines.length)
      }
      return { files: [{ name: 'lines', data: Buffer.from(lines.join('\n')) }], images: lines.length, rejects: {} }
    },
    dispose() {},
  }
}
