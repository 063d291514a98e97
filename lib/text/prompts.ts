import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { invalidArgument, WordmaskError } from '../errors'
import { modelsFolder } from '../folders'
import type { ClassEntry } from './classes'

/**
 * How a name becomes prompts. 'none': the name itself; 'vild': 14 templates of the ViLD paper; 'imagenet': OpenAI's 80; 'reco':
 * these and five more, ReCo's 85; or an own list, where every template holds `{}` once, the place of the name.
 */
export type Templates = (typeof templateNames)[number] | readonly string[]

export const templateNames = ['none', 'vild', 'imagenet', 'reco'] as const

const lists = new Map<string, readonly string[]>([['none', ['{}']]])

/** The list behind a choice. Throws ERR_WORDMASK_TEMPLATE for an empty list or a template without `{}`. */
export function templateList(templates: Templates): readonly string[] {
  if (typeof templates === 'string') return named(templates)
  if (!Array.isArray(templates))
    throw invalidArgument('templates', `${templateNames.map((name) => `'${name}'`).join(', ')} or an array of strings`, templates)
  if (templates.length === 0)
    throw new WordmaskError('ERR_WORDMASK_TEMPLATE', "The list of templates is empty. Use 'none' to encode the bare name.")
  Array.from(templates as readonly unknown[]).forEach((template, i) => {
    if (typeof template !== 'string') throw invalidArgument(`templates[${i}]`, 'a string', template)
    const places = template.split('{}').length - 1
    if (places !== 1) {
      const found = places === 0 ? 'has no {}' : `has ${places} {}`
      throw new WordmaskError(
        'ERR_WORDMASK_TEMPLATE',
        `templates[${i}] ${found}: ${JSON.stringify(template)}. Put {} once, where the name goes: "a photo of a {}."`,
      )
    }
  })
  return templates
}

function named(name: string): readonly string[] {
  if (!(templateNames as readonly string[]).includes(name)) {
    const hint = name.includes('{}') ? ` For one template write [${JSON.stringify(name)}].` : ''
    throw new WordmaskError(
      'ERR_WORDMASK_TEMPLATE',
      `Expected ${templateNames.map((known) => `'${known}'`).join(', ')} or a list of templates but received ${JSON.stringify(name)}.${hint}`,
    )
  }
  let list = lists.get(name)
  if (!list) {
    const own = JSON.parse(readFileSync(join(modelsFolder, 'prompts', `${name}.json`), 'utf8')) as string[]
    list = name === 'reco' ? [...named('imagenet'), ...own] : own
    lists.set(name, list)
  }
  return list
}

/** Every template filled with a name, verbatim (no article logic). */
export function fillTemplates(name: string, templates: readonly string[]): string[] {
  return templates.map((template) => template.split('{}').join(name))
}

/** What prompts are made of. */
export type Prompted = Pick<ClassEntry, 'name' | 'synonyms' | 'prompts'>

/** The prompts of a class: its own if it has any, else every template with the name and with every synonym. */
export function classPrompts(entry: Prompted, templates: readonly string[]): string[] {
  if (entry.prompts) return entry.prompts.map((prompt) => prompt.split('{}').join(entry.name))
  return [entry.name, ...entry.synonyms].flatMap((name) => fillTemplates(name, templates))
}
