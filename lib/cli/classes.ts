import type { ClassEntry } from '../text/classes'
import { mustBeThere } from './usage'

/** --classes: names, or a class file, whose absence is a matter of what was typed. */
export async function classesOf(argument: string): Promise<ClassEntry[]> {
  const { classesFromArgument } = await import('../text/class-file.js')
  return mustBeThere(classesFromArgument(argument))
}
