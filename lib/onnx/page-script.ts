/** The script of the page that page.ts writes. `wordmask.predict(picture)` answers { labels, width, height, milliseconds }. */
export const predictScript = `
const element = (id) => document.getElementById(id)
const say = (text) => { element('state').textContent = text }
const facts = JSON.parse(element('facts').textContent)
const bytesOf = async (id) => (await fetch('data:application/octet-stream;base64,' + element(id).textContent)).arrayBuffer()

async function load() {
  const code = new Blob([await bytesOf('code')], { type: 'text/javascript' })
  const ort = await import(URL.createObjectURL(code))
  ort.env.wasm.numThreads = 1
  ort.env.wasm.wasmBinary = await bytesOf('wasm')
  const session = await ort.InferenceSession.create(await bytesOf('model'), { executionProviders: ['wasm'] })
  return { ort, session }
}

// Pixels as they are in the file, without colour management; transparency is dropped, not blended, as wordmask reads images.
async function pixelsOf(file) {
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' })
  const { width, height } = bitmap
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })
  context.drawImage(bitmap, 0, 0)
  const { data } = context.getImageData(0, 0, width, height)
  let opaque = true
  for (let i = 3; i < data.length && opaque; i += 4) opaque = data[i] === 255
  if (opaque) return { data, width, height }
  const straight = textureOf(bitmap)
  if (!straight) throw new Error('a picture with transparent parts needs WebGL, and no side of more pixels than its textures have')
  for (let i = 3; i < straight.length; i += 4) straight[i] = 255
  return { data: straight, width, height }
}

// A canvas loses the colours of what is transparent, a texture keeps them.
function textureOf(bitmap) {
  const { width, height } = bitmap
  const gl = new OffscreenCanvas(1, 1).getContext('webgl')
  if (!gl || Math.max(width, height) > gl.getParameter(gl.MAX_TEXTURE_SIZE)) return undefined
  const texture = gl.createTexture()
  gl.bindTexture(gl.TEXTURE_2D, texture)
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, bitmap)
  gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer())
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0)
  const data = new Uint8ClampedArray(4 * width * height)
  gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(data.buffer))
  const failed = gl.getError() !== gl.NO_ERROR
  gl.getExtension('WEBGL_lose_context')?.loseContext()
  return failed ? undefined : data
}

async function predict(file) {
  const { ort, session } = await loaded
  const { data, width, height } = await pixelsOf(file)
  const rgb = new Uint8Array(width * height * 3)
  for (let i = 0, j = 0; i < data.length; i += 4) {
    rgb[j++] = data[i]
    rgb[j++] = data[i + 1]
    rgb[j++] = data[i + 2]
  }
  const began = performance.now()
  const { labels } = await session.run({ image: new ort.Tensor('uint8', rgb, [1, height, width, 3]) }, ['labels'])
  const answer = { labels: labels.data, width, height, data, milliseconds: performance.now() - began }
  draw(answer)
  return answer
}

let last
function draw(answer) {
  last = answer
  const { labels, width, height, data, milliseconds } = answer
  const weight = Number(element('opacity').value)
  const image = new ImageData(new Uint8ClampedArray(data), width, height)
  const counts = facts.names.map(() => 0)
  for (let i = 0; i < labels.length; i++) {
    counts[labels[i]]++
    if (facts.background && labels[i] === 0) continue
    for (let c = 0; c < 3; c++) image.data[i * 4 + c] = data[i * 4 + c] * (1 - weight) + facts.colors[labels[i]][c] * weight
  }
  Object.assign(element('view'), { width, height })
  element('view').getContext('2d').putImageData(image, 0, 0)
  const entries = counts.map((count, label) => ({ label, share: count / labels.length })).filter(({ share }) => share > 0)
  element('legend').replaceChildren(...entries.sort((a, b) => b.share - a.share).map(({ label, share }) => {
    const item = document.createElement('li')
    item.style.setProperty('--color', 'rgb(' + facts.colors[label].join() + ')')
    item.textContent = facts.names[label] + ' ' + (share < 0.0095 ? '<1%' : Math.round(share * 100) + '%')
    return item
  }))
  say(width + ' x ' + height + ', ' + Math.round(milliseconds) + ' ms')
}

const failed = (error) => say('This did not work: ' + error.message)
const loaded = load()
loaded.then(() => {
  element('file').disabled = false
  say('ready: choose a picture')
}, failed)
element('file').addEventListener('change', ({ target }) => target.files[0] && predict(target.files[0]).catch(failed))
element('opacity').addEventListener('input', () => last && draw(last))
globalThis.wordmask = { predict, loaded, answer: () => last }
`
