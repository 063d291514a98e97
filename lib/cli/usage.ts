import { type ErrorCode, WordmaskError } from '../errors'

/** Something typed that cannot be meant: the program ends with 2 and shows where the help is. */
export class UsageError extends WordmaskError {
  constructor(message: string, code: ErrorCode = 'ERR_WORDMASK_INVALID_ARGUMENT') {
    super(code, message)
  }
}

/** For what looks where the command line points: a name at which there is nothing was wrongly typed. */
export async function mustBeThere<T>(looked: Promise<T>): Promise<T> {
  try {
    return await looked
  } catch (error) {
    const { code, message } = error as WordmaskError
    throw code === 'ERR_WORDMASK_FILE_NOT_FOUND' ? new UsageError(message, code) : error
  }
}

/** 0 done, 1 failed, 2 wrongly asked, 130 interrupted (143 by SIGTERM). */
export const exitCodes = { ok: 0, failure: 1, usage: 2, interrupted: 130 } as const

/** Checked here and not by the parser, which would complain of this before it names a misspelt --clases. */
export function requireClasses(options: { classes?: string }): asserts options is { classes: string } {
  if (options.classes === undefined) throw new UsageError('Expected --classes: names ("fox,grass") or a class file')
}
