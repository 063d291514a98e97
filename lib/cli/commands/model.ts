import type { Command } from 'commander'
import { flags } from '../flags'
import type { Context } from '../program'

/** `wordmask model list | info | pull`: what can be loaded, what a file is, and the one command that downloads weights. */
export function model(program: Command, context: Context): void {
  const group = program.command('model').description('list, inspect and download models').addHelpText('after', help)
  group
    .command('list')
    .description('built-in models, named models that can be pulled, and which of them are here')
    .addOption(flags.json())
    .action(async (options: { json?: boolean }) => {
      const { listModels } = await import('../model-list.js')
      await listModels(options.json ?? false)
    })
  group
    .command('info')
    .description('family, size, licence and keys of a checkpoint; runs nothing of it')
    .argument('<model>', 'file, folder, or pulled ID')
    .addOption(flags.json())
    .action(async (model: string, options: { json?: boolean }) => {
      const { showModel } = await import('../model-info.js')
      await showModel(model, options.json ?? false, context)
    })
  group
    .command('pull')
    .description('download a model; its licence is shown first')
    .argument('<id>', 'hf-hub:org/repo[@revision], ViT-B-32/laion2b_s34b_b79k, or ViT-B/16')
    .addOption(flags.json())
    .action(async (id: string, options: { json?: boolean }) => {
      const { pull } = await import('../model-pull.js')
      await pull(id, options.json ?? false, context)
    })
}

const help = `
Nothing but "model pull" downloads weights. It goes on where it stopped, checks sha256 where that is known, and shares
huggingface_hub's cache; HF_ENDPOINT, HF_TOKEN, HF_HUB_CACHE and HF_HUB_OFFLINE mean what they mean there.

Examples:
  wordmask model list
  wordmask model pull ViT-B-32/laion2b_s34b_b79k        open_clip's name: LAION's weights, MIT
  wordmask model pull ViT-B/16                          OpenAI's name
  wordmask model pull hf-hub:org/repo@main              any CLIP repository of the Hub
  wordmask model info weights.pt
  wordmask segment photos --classes "fox,grass" --clip ViT-B-32/laion2b_s34b_b79k`
