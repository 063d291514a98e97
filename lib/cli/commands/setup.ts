import { type Command, Option } from 'commander'
import { flags } from '../flags'
import type { Context } from '../program'

export interface SetupFlags {
  cpu?: boolean
  cuda?: boolean
  from?: string
  sha256?: string
  json?: boolean
}

/** `wordmask setup`: LibTorch into the user cache. Besides `model pull` the only command that downloads. */
export function setup(program: Command, context: Context): void {
  program
    .command('setup')
    .description('find LibTorch, or fetch it into the user cache')
    .addOption(new Option('--cpu', 'what the CPU needs (the default; 545 MB to fetch, 500 MB kept)').conflicts('cuda'))
    .addOption(new Option('--cuda', 'also what an NVIDIA GPU needs (2.7 GB more)'))
    .addOption(new Option('--from <source>', "LibTorch's zip (URL or file), a folder of wheels, or a LibTorch folder (linked)"))
    .addOption(new Option('--sha256 <digest>', 'of that zip'))
    .addOption(flags.json())
    .addHelpText('after', help)
    .action(async (options: SetupFlags) => {
      const { setUp } = await import('../setup.js')
      await setUp(options, context)
    })
}

const help = `
LibTorch 2.11.0 is looked for in this order: WORDMASK_LIBTORCH, the user cache, an installed Python torch of that
version. Where none is found it is fetched with pip (the wheel is a zip with the same libraries), or from
WORDMASK_LIBTORCH_URL or --from. Everything fetched is checked (sha256, or the zip's own checksums), unpacked beside
and renamed, so nothing half-done is left. Stopped and started again, a download from a URL goes on where it was; pip
begins the file it was at anew and keeps those it had finished.

Examples:
  wordmask setup
  wordmask setup --from libtorch.zip --sha256 0123...
  wordmask setup --from /opt/libtorch`
