// node scripts/specialist-sample.mjs [--seed 7] [--images 1200] [--names 8] [--each 60] [--build 1] [--truth 30] [--without 120] [--size 128]
//   [--steps 1200] [--width 0.25] [--workers 2] [--false-positives 20] [--work DIR] [--into models/samples/specialist]
// The specialist that ships and that `wordmask demo` shows, with all that it follows from. --seed draws --names names; a pool of --images scenes
// that no training saw shows each of them --each times. Of the names that the pool is found to show, the first --build get a specialist each, by the
// commands that anybody types; the one whose IoU is the median ships. Truth measures them afterwards, on other scenes, and goes nowhere
// else. Needs `npm run build`; some minutes. --work keeps pool and folders: the same call goes on there.
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Archive, Clip, inFolder, numbers, openPack, root } from '../test/bench/reco/score.mjs'
import { chooseRare } from '../test/bench/specialist/pool.mjs'
import { halved, publish } from './specialist/folder.mjs'
import { measure } from './specialist/measure.mjs'
import { renderInto } from './specialist/scenes.mjs'

const flag = (value) => ({ type: 'string', default: value })
const { values } = parseArgs({
  options: {
    ...{ seed: flag('7'), images: flag('1200'), names: flag('8'), each: flag('60'), build: flag('1') },
    ...{ truth: flag('30'), without: flag('120'), size: flag('128'), steps: flag('1200'), width: flag('0.25'), workers: flag('2') },
    ...{ 'false-positives': flag('20'), work: { type: 'string' }, into: flag(join(root, 'models/samples/specialist')) },
  },
})
const [seed, images, each, truth, without, size] = numbers(values, 'seed', 'images', 'each', 'truth', 'without', 'size')
const pack = await openPack()
const contexts = pack.names.slice(pack.concepts)
const drawn = chooseRare(pack, Number(values.names), seed).rare
const say = (text) => process.stderr.write(`${text}\n`)

const make = async (folder) => {
  mkdirSync(folder, { recursive: true })
  const wordmask = (...args) =>
    execFileSync(process.execPath, [join(root, 'dist/cli/main.js'), ...args], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] })
  const render = (name, sceneSeed, count, shown) => renderInto(join(folder, name), { pack, drawn, size, seed: sceneSeed, count, shown })
  await render('pool', 2 * seed + 7000, images, each)
  const scenes = await render('truth', 2 * seed + 7001, drawn.length * truth + without, truth)
  wordmask('index', 'pool', '--into', 'pool.archive')

  const clip = await Clip.load('scenes')
  const archive = await Archive.open(join(folder, 'pool.archive'), { clip, readOnly: true })
  const names = []
  for (const index of drawn) {
    const name = pack.names[index]
    const { present, pValue } = (await archive.curate([name], { perClass: 200 })).classes[0].presence
    say(`The pool ${present ? 'shows' : 'does not show'} "${name}", p = ${pValue.toFixed(3)}`)
    const one = { index, name, present, pValue }
    names.push(one)
    if (!present || names.filter(({ figures }) => figures).length === Number(values.build)) continue
    const into = name.replaceAll(' ', '-')
    one.typed = ['specialist', name, '--archive', 'pool.archive', '--contexts', contexts.join(','), '--size', '96', '--width', values.width]
    one.typed.push('--steps', values.steps, '--workers', values.workers, '--false-positives', values['false-positives'])
    one.typed.push('--seed', values.seed, '--into', into)
    wordmask(...one.typed)
    one.folder = join(folder, into)
    one.shipped = await halved(one.folder, join(folder, `${into}-float16`))
    Object.assign(one, await measure(one, { archive, contexts, scenes, seed }))
    say(`${name}: ${JSON.stringify(one.figures)}`)
  }
  await archive.close()
  clip.dispose()
  const built = names.filter(({ figures }) => figures).sort((a, b) => a.figures.iou.value - b.figures.iou.value)
  if (built.length === 0) throw new Error('The pool is found to show none of the names: another --seed, or more of --each')
  const data = { split: 'unseen', size, pool: { images, each }, truth: { shown: truth, without: scenes.length - truth } }
  const command = ['node', 'scripts/specialist-sample.mjs', ...process.argv.slice(2).filter(own)].join(' ')
  await publish(resolve(values.into), { chosen: built[(built.length - 1) >> 1], names, data, seed, command })
}
/** Where things lay is not kept. */
const own = (_, i, args) => ![args[i], args[i - 1]].some((word) => word === '--work' || word === '--into')
await (values.work ? make(resolve(values.work)) : inFolder(make))
