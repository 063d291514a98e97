import { type Command, InvalidArgumentError, Option } from 'commander'

/**
 * The one vocabulary of flags: every command takes its flags from here, so a flag means the same everywhere.
 * Values are checked here as far as their form goes; files are opened and models loaded later.
 */
export const flags = {
  /** Default: the built-in `scenes`, a demonstration model for drawings; of what has an archive, the model of that. */
  clip: (fallback = '"scenes", built in, for drawings') =>
    model('--clip <model>', `built-in name, file, folder or pulled ID (default: ${fallback})`),
  /** auto = CUDA where there is one, else CPU. */
  device: () =>
    model('--device <device>', 'auto, cpu, cuda, cuda:1')
      .default('auto')
      .argParser(oneOf(/^(auto|cpu|cuda(:\d+)?)$/, 'auto, cpu, cuda or cuda:N')),
  dtype: () => model('--dtype <type>', 'arithmetic of the model').choices(['float32', 'bfloat16', 'float16', 'auto']).default('float32'),
  batchSize: () => model('--batch-size <n>', 'images or texts encoded together').default(16).argParser(integer(1, 4096)),
  /** Names at the command line or a class file: a name a line with comma synonyms, or JSON. */
  classes: () => words('--classes <names>', 'class file (a name a line, or JSON), or names: "fox,grass"'),
  /** Other spellings of a benchmark's names; its classes stay what they are. */
  names: () => words('--names <names>', "benchmarks: a name set, a class file or names, in the order of the set's classes").argParser(text),
  /** Sentences a name is put into; the class vector is the mean over them. */
  templates: (fallback = "what the model's card says") =>
    words(
      '--templates <set>',
      `none, vild, imagenet, reco, or a file with one prompt a line, {} for the name (default: ${fallback})`,
    ).argParser(text),
  background: () =>
    words('--background <rule>', 'names:sky,wall or threshold:0.3 (default: none, every pixel gets a class)').argParser(background),
  method: (...more: string[]) =>
    work('--method <name>', "how patches are labelled; 'maskclip' and 'denseclip' mean the same")
      .choices(['maskclip', 'denseclip', ...more])
      .default('maskclip'),
  savedModel: () =>
    model('--model <folder>', 'a saved segmenter, in place of --method and --clip; of reco its own names are the default').argParser(text),
  /** Between scores and labels, for every method. */
  refine: () =>
    work('--refine <how>', 'labels drawn to the edges of the image: crf (dense CRF) or pamr; slower, more memory').choices(['crf', 'pamr']),
  /** Pixels of the shorter side the model sees; the answer always has the size of the image. */
  size: (what = "shorter side the model sees, in pixels (default: the model's own)") =>
    work('--size <pixels>', what).argParser(integer(16, 8192)),
  seed: () =>
    work('--seed <n>', 'seed of everything random')
      .default(0)
      .argParser(integer(0, 2 ** 32 - 1)),
  json: () => outputOption('--json', 'JSON lines on stdout instead of text'),
  into: (what = 'output folder; a run that stopped goes on there') => outputOption('--into <folder>', what).argParser(text),
  overwrite: () => outputOption('--overwrite', 'throw away what an earlier, different run left in the folder'),
} as const

/** Which model, where and how it runs: the same three flags in every command that runs one. */
export const modelFlags = (fallback?: string): Option[] => [flags.clip(fallback), flags.device(), flags.dtype()]
/** The same where an archive is asked, whose vectors come from a model. */
export const archiveModelFlags = (): Option[] => modelFlags("the archive's own")

/** Adds flags; --help groups them and keeps this order inside a group. */
export function withFlags(command: Command, ...options: Option[]): Command {
  for (const option of options) command.addOption(option)
  return command
}

export interface ModelFlags {
  clip?: string
  device: string
  dtype: 'float32' | 'bfloat16' | 'float16' | 'auto'
  batchSize: number
}
export type Background = { names: string[] } | { threshold: number }

/** `names:sky,wall` or `threshold:0.3`. */
export function background(value: string): Background {
  const [, kind, rest] = /^(names|threshold):(.+)$/s.exec(value) ?? []
  if (kind === 'threshold') {
    const threshold = Number(rest)
    if (threshold > 0 && threshold < 1) return { threshold }
    throw new InvalidArgumentError('Expected a threshold between 0 and 1, as in threshold:0.3.')
  }
  const names = (rest ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  if (kind === 'names' && names.length > 0) return { names }
  throw new InvalidArgumentError('Expected names:sky,wall or threshold:0.3.')
}

/** Whole numbers in [low, high]. */
export function integer(low: number, high: number): (value: string) => number {
  return (value) => {
    const number = Number(value)
    if (value.trim() !== '' && Number.isInteger(number) && number >= low && number <= high) return number
    throw new InvalidArgumentError(`Expected a whole number from ${low} to ${high}.`)
  }
}

/** Numbers in [low, high]. */
export function number(low: number, high: number): (value: string) => number {
  return (value) => {
    const given = Number(value)
    if (value.trim() !== '' && given >= low && given <= high) return given
    throw new InvalidArgumentError(`Expected a number from ${low} to ${high}.`)
  }
}

/** For a flag that may be given several times. */
export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text(value)]
}

/** Comma lists out of a fixed set, without repeats. */
export function listOf(known: readonly string[]): (value: string) => string[] {
  return (value) => {
    const asked = value.split(',').map((word) => word.trim())
    const unknown = asked.find((word) => !known.includes(word))
    if (unknown !== undefined) throw new InvalidArgumentError(`Expected a comma list of ${known.join(', ')}; "${unknown}" is none of them.`)
    return [...new Set(asked)]
  }
}

function oneOf(pattern: RegExp, expected: string): (value: string) => string {
  return (value) => {
    if (pattern.test(value)) return value
    throw new InvalidArgumentError(`Expected ${expected}.`)
  }
}

/** An empty value is a shell variable that was not set: better told than taken for the current folder. */
export function text(value: string): string {
  if (value.trim() === '') throw new InvalidArgumentError('Expected a value, not an empty string.')
  return value
}

const model = (form: string, what: string) => new Option(form, what).helpGroup('Model:')
const words = (form: string, what: string) => new Option(form, what).helpGroup('Words:')
const work = (form: string, what: string) => new Option(form, what).helpGroup('Work:')
/** A flag of the Work group that only one command has. */
export const workOption = work
/** Flags of the archive's commands: what is taken from sources, and what is looked for. */
export const sourceOption = (form: string, what: string) => new Option(form, what).helpGroup('Sources:')
export const searchOption = (form: string, what: string) => new Option(form, what).helpGroup('Search:')
export const machineOption = (form: string, what: string) => new Option(form, what).helpGroup('Machines:')
/** A flag of the Output group that only one command has. */
export const outputOption = (form: string, what: string) => new Option(form, what).helpGroup('Output:')
