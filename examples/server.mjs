// A segmentation service in one file: POST /segment?names=fox,grass with the bytes of an image.
//   curl --data-binary @fox.png -H content-type:image/png 'localhost:8080/segment?names=fox,grass' > labels.png
//   curl --data-binary @fox.png -H content-type:image/png 'localhost:8080/segment?names=fox,grass&format=rle'
// PNG: a palette label map, value i = name i. rle: JSON with COCO run lengths. SIGTERM answers what is under way and ends.
import Fastify from 'fastify'
import { Clip, encodeLabelMap, Segmenter } from 'wordmask'

const { PORT = '8080', HOST = '127.0.0.1', WORDMASK_CLIP = 'scenes', MAX_PENDING = '64' } = process.env
const clip = await Clip.load(WORDMASK_CLIP)
const segmenter = await Segmenter.create({ clip, maxPending: Number(MAX_PENDING) })
const app = Fastify({ bodyLimit: 32 * 2 ** 20, forceCloseConnections: 'idle' })

app.addContentTypeParser(/^image\/|^application\/octet-stream/, { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

const querystring = {
  type: 'object',
  required: ['names'],
  properties: { names: { type: 'string', minLength: 1 }, format: { enum: ['png', 'rle'], default: 'png' } },
}

let working = 0

app.post('/segment', { schema: { querystring } }, async (request, reply) => {
  working++
  const { names, format } = request.query
  const classes = names.split(',').map((name) => name.trim())
  // A client that hangs up takes its request out of the queue.
  const gone = new AbortController()
  reply.raw.on('close', () => {
    working--
    gone.abort()
  })
  const answer = await segmenter.segment(request.body, { classes, signal: gone.signal })
  if (format === 'rle') return { width: answer.width, height: answer.height, coverage: answer.coverage, masks: await answer.masks() }
  return reply.type('image/png').send(await encodeLabelMap(answer))
})

app.get('/health', async () => ({ model: clip.info.name, device: clip.info.device, working }))

const statusOf = {
  ERR_WORDMASK_BUSY: 503,
  ERR_WORDMASK_IMAGE_TOO_LARGE: 413,
  ERR_WORDMASK_IMAGE: 422,
  ERR_WORDMASK_CLASSES: 400,
  ERR_WORDMASK_VOCABULARY: 400,
  ERR_WORDMASK_INVALID_ARGUMENT: 400,
}

app.setErrorHandler((error, _request, reply) => {
  const status = statusOf[error.code] ?? error.statusCode ?? 500
  if (status === 503) reply.header('retry-after', '1')
  reply.status(status).send({ code: error.code, message: error.message })
})

// Without this header a connection that was busy at SIGTERM stays open until its keep-alive runs out.
let closing = false
app.addHook('onSend', async (_request, reply) => {
  if (closing) reply.header('connection', 'close')
})

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, async () => {
    closing = true
    await app.close()
    clip.dispose()
  })
}

console.log(`listening on ${await app.listen({ port: Number(PORT), host: HOST })}`)
