import { type Command, Option } from 'commander'
import { flags } from '../flags'
import type { Context } from '../program'

export interface ExportModelFlags {
  format: 'onnx' | 'safetensors'
  into: string
  fp16?: boolean
  page?: string
  json?: boolean
}

/** `wordmask model list | info | pull | export`: what can be loaded, what a file is, the one command that downloads weights, and one file to go. */
export function model(program: Command, context: Context): void {
  const group = program.command('model').description('list, inspect, download and export models').addHelpText('after', help)
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
    .description('family, architecture, size and licence of a checkpoint; runs nothing of it')
    .argument('<model>', 'built-in name, file, folder, or pulled ID')
    .addOption(flags.json())
    .addHelpText('after', infoHelp)
    .action(async (model: string, options: { json?: boolean }) => {
      const { showModel } = await import('../model-info.js')
      await showModel(model, options.json ?? false, context)
    })
  group
    .command('pull')
    .description('download a model; its licence is shown first')
    .argument('<id>', 'ViT-B/16 (OpenAI), ViT-B-32/laion2b_s34b_b79k (open_clip), or hf-hub:org/repo[@revision]')
    .addOption(flags.json())
    .addHelpText('after', pullHelp)
    .action(async (id: string, options: { json?: boolean }) => {
      const { pull } = await import('../model-pull.js')
      await pull(id, options.json ?? false, context)
    })
  group
    .command('export')
    .description('a trained segmenter as one file, for onnxruntime on any machine or in a browser')
    .argument('<folder>', 'of a trained segmenter (method deeplabv3plus)')
    .addOption(new Option('--format <format>', 'of the file').choices(['onnx', 'safetensors']).default('onnx'))
    .addOption(new Option('--into <file>', 'what to write').makeOptionMandatory())
    .addOption(new Option('--fp16', 'weights as float16, and in ONNX the arithmetic too: half the size'))
    .addOption(new Option('--page <file>', 'also a page that runs the ONNX model in a browser (needs onnxruntime-web)'))
    .addOption(flags.json())
    .addHelpText('after', exportHelp)
    .action(async (folder: string, options: ExportModelFlags) => {
      const { exportModelFile } = await import('../model-export.js')
      await exportModelFile(folder, options, context)
    })
}

const infoHelp = `
The family is told from the names of the keys, the architecture from their shapes: CLIP, OVSeg, ZegFormer, OVSegmentor,
DeiT, DINO, DINOv2, MoCo, DeepLabv3+; a note says which do not run in this version. Formats: safetensors (sharded too), .pt, .pth, .bin,
Detectron2's .pkl; pickles are read by an allow-list, so no code in them is run.

Examples:
  wordmask model info weights.pt
  wordmask model info ViT-B/16 --json
  wordmask model info scenes                            also the words that this small model knows`

const pullHelp = `
First the licence, then what is to come, then the download. Stopped and started again it goes on where it was. Files
are checked by the sha256 that the server states (OpenAI's by the one in their address). HF_TOKEN opens gated models,
HF_HUB_CACHE says where they are kept, HF_ENDPOINT names a mirror, HF_HUB_OFFLINE=1 asks no server.

Examples:
  wordmask model pull ViT-B/16
  wordmask model pull ViT-B-32/laion2b_s34b_b79k
  wordmask model pull hf-hub:org/repo@main`

const exportHelp = `
ONNX: input image, uint8 [1, H, W, 3] of any size; outputs labels, uint8 [1, H, W], as "wordmask segment" writes them, and
score, float32 [1, C, h, w], log-probabilities on the network's grid. Resize, normalisation, network, enlargement and argmax
are inside; names, colours, threshold and licence are in the metadata. Up to 256 labels.
The page has the model and onnxruntime-web inside: open it from the disk, choose a picture.

Examples:
  wordmask model export fox/ --into fox.onnx
  wordmask model export fox/ --into fox.onnx --fp16 --page predict.html
  wordmask model export fox/ --format safetensors --into fox.safetensors`

const help = `
Nothing but "model pull" downloads weights. It goes on where it stopped, checks sha256 where that is known, and shares
huggingface_hub's cache; HF_ENDPOINT, HF_TOKEN, HF_HUB_CACHE and HF_HUB_OFFLINE mean what they mean there.

Examples:
  wordmask model list
  wordmask model pull ViT-B/16                          OpenAI's name: 350 MB, MIT, a good first choice for photographs
  wordmask model pull ViT-B-32/laion2b_s34b_b79k        open_clip's name: LAION's weights, MIT
  wordmask model pull hf-hub:org/repo@main              any CLIP repository of the Hub
  wordmask model info weights.pt
  wordmask model info scenes                            a built-in model: also the words it knows
  wordmask segment photos --classes "fox,grass" --clip ViT-B/16`
