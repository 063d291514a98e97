import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { modelsFolder } from '../../folders'
import { type Color, parseColor, vocColor } from '../../text/colors'
import type { EvalClass } from './types'

/** models/datasets/<name>.json. */
export interface ClassList {
  title: string
  /** Whose names, order and colours these are. */
  source: string
  classes: { name: string; id: number; color?: string; trainId?: number; coarse?: number }[]
  /** Names of the coarse classes, by index. */
  coarse?: string[]
  /** The same names in another published order. */
  vocFirst?: string[]
  unseen?: { names: string[]; source: string }
  nameSets?: Record<string, string[]>
}

const read = new Map<string, ClassList>()

export function classList(name: string): ClassList {
  let list = read.get(name)
  if (list === undefined) {
    list = JSON.parse(readFileSync(join(modelsFolder, 'datasets', `${name}.json`), 'utf8')) as ClassList
    read.set(name, list)
  }
  return list
}

const black: Color = [0, 0, 0]
export const backgroundClass: EvalClass = { name: 'background', color: black }

/** Names and colours; the VOC colour map where the list has none. */
export function evalClasses(classes: readonly { name: string; color?: string }[]): EvalClass[] {
  return classes.map(({ name, color }, i) => ({ name, color: parseColor(color) ?? vocColor(i + 1) }))
}

export const range = (n: number, first = 0): number[] => Array.from({ length: n }, (_, i) => i + first)
