// Writes a model of random weights (seed 1, every parameter redrawn) as one file that Clip.load reads: { name, config, file }.
import { createRequire } from 'node:module'
import { binding } from './wordmask.mjs'

const require = createRequire(import.meta.url)
const { saveClip } = require('../../../dist/clip/save.js')
const { clipPreprocess } = require('../../../dist/cards.js')

const { name, config, file } = JSON.parse(process.argv[2])
const clip = await binding().Clip.random(config, 1, { device: 'cpu', dtype: 'float32' }, {})
const source = { name, family: 'CLIP', config, preprocess: clipPreprocess, templates: 'imagenet', licence: 'none', notes: [] }
await saveClip(clip, source, file, 'float32', {})
clip.dispose()
