// The first vector of a process: { weights, side }. Runs under harness/fresh.mjs.
import { picture } from '../data.mjs'
import { about, Clip } from './wordmask.mjs'

const { weights, side } = JSON.parse(process.argv[2])
const clip = await Clip.load(weights, { device: 'cpu' })
const { data, shape } = await clip.encodeImage(picture(side, side, 1), { normalize: false })
process.stdout.write(`${JSON.stringify({ ...about(), data: [...data], shape })}\n`)
clip.dispose()
