/** Fires with the first of those that are given. To be made once, not in a loop: what it depends on remembers it. */
export function anySignal(...signals: (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal !== undefined))
}
