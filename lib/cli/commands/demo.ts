import { type Command, Option } from 'commander'
import { flags, type ModelFlags, modelFlags, withFlags } from '../flags'
import type { Context } from '../program'

export interface DemoFlags extends Omit<ModelFlags, 'batchSize'> {
  samples?: string
  into: string
  json?: boolean
}

/** `wordmask demo`: the sample pictures that ship, segmented by names and shown on one page. */
export function demo(program: Command, context: Context): void {
  const command = program.command('demo').description('segment the sample pictures that ship and show them on one page')
  withFlags(
    command,
    new Option('--samples <folder>', 'other pictures: images/, classes.txt, and, if there are any, labels/').helpGroup('Data:'),
    ...modelFlags(),
    flags.into('output folder').default('wordmask-demo'),
    flags.json(),
  )
  command.addHelpText('after', help).action(async (options: DemoFlags) => {
    const { showDemo } = await import('../demo.js')
    await showDemo(options, context)
  })
}

const help = `
What is written below --into:
  index.html        every picture beside its answers and, where there is a label map, the truth; open it in a browser
  labels/           palette PNG, one value a name in the order of classes.txt
  overlay/          the picture under the colours, asked for all names
  overlay-present/  the same, asked for the names that its label map shows
  pictures.archive  the pictures, indexed: "wordmask search" looks in it; the page shows three searches
  reco/             a pool of rendered scenes, and what ReCo made of it: references for the names that the pictures show, and
                    a segmenter of them ("wordmask segment --model"); the page shows it beside dense CLIP
  specialist/       what a small segmenter for one rare thing finds in its pictures, beside ReCo and the truth. It ships, and
                    "wordmask specialist" made it from a name and unlabelled pictures: the page has the command and the figures
  run.json          how it was made; repeat it with: wordmask run run.json

Examples:
  wordmask demo
  wordmask demo --clip scenes-clip --into other`
