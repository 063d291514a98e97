// The command line of npm run bench.
import { parseArgs } from 'node:util'
import { StepError } from '../../../scripts/steps.mjs'
import { LIMITS } from './machine.mjs'
import { SPREAD_LIMIT } from './measure.mjs'

export const HELP = `npm run bench [-- OPTIONS]

Measures wordmask on this machine: the image and text towers, every op, picture to labels, memory, how cost grows. Each case runs in
processes of its own; figures are medians with their spread (half the interquartile range over the median).

  --peers          side by side with what people would use instead: onnxruntime-node, @huggingface/transformers, PyTorch with open_clip,
                   faiss, Pillow, the plain LibTorch composition of an op. Ours and the peer are two live processes that take turns,
                   A B A B ... A; results are compared before anything is timed. Installs the peers on the first run (about 5.5 GB, into
                   ~/.cache/wordmask/bench-peers or WORDMASK_BENCH_PEERS). Half an hour; in pieces with --only.
  --only WORD      cases whose id or group (rows, limits, curves) contains WORD; may come several times
  --quick          a few short turns, to see that everything runs; prints, and writes with --force only
  --wait MINUTES   wait up to so long for the machine to become quiet
  --force          measure and write although the machine is loaded or figures spread; such rows are marked
  --threads N      for everyone (default 2)
  --into FOLDER    where the table goes (default test/bench/results)
  --json           rows as JSON lines on standard output
  --list           the cases, their peers and what is asked of them; measures nothing
  --help

A table is refused (exit 1, nothing written) when, before the start, the 1-minute load is above ${LIMITS.load} a core, other programs use more
than ${LIMITS.busy * 100}% of the cores or the host takes more than ${LIMITS.steal * 100}% (steal), or when afterwards a spread is above ${SPREAD_LIMIT * 100}% or others were that busy
meanwhile. Every row that was measured is printed all the same, with the reason.

  npm run bench -- --only vit-b16 --peers        one row against its peers
  npm run bench -- --peers --wait 30             the whole table, once the machine is quiet
  npm run bench -- reco                          what the parts of ReCo add, on scenes (test/bench/reco/components.mjs)
  npm run bench -- reco-curves                   the same by the number of reference images, and by the share of wrong ones
  npm run bench -- reco-sites                    seeds in pools of fixed cameras, with and without one image a site
  npm run bench -- reco-cost --python PYTHON     one reference beside the published algorithm in PyTorch
  npm run bench -- specialist                    what is trained on pseudo-labels, beside its teachers (test/bench/specialist)
  npm run bench -- camvid --root DIR --python PYTHON  a small segmenter trained on photographs, beside PyTorch
  npm run bench -- onnx                          an exported segmenter in Node and in Chromium
  npm run bench -- curation                      what curation finds
  npm run bench -- archive --help                the archive: embedding, a million rows, what curation finds
  build/Release/core/wordmask_check bench        ops alone, where there is no Node
`

export function parseOptions(argv) {
  const whole = (name, text, least) => {
    const value = Number(text)
    if (!Number.isInteger(value) || value < least)
      throw new StepError(`Expected a whole number >= ${least} after --${name}, not '${text}'. See --help`)
    return value
  }
  try {
    const { values } = parseArgs({
      args: argv,
      options: {
        peers: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true, default: [] },
        quick: { type: 'boolean', default: false },
        wait: { type: 'string', default: '0' },
        force: { type: 'boolean', default: false },
        threads: { type: 'string', default: '2' },
        into: { type: 'string' },
        json: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    return { ...values, wait: whole('wait', values.wait, 0), threads: whole('threads', values.threads, 1) }
  } catch (error) {
    if (error instanceof StepError) throw error
    throw new StepError(`${error.message}. See npm run bench -- --help`)
  }
}
