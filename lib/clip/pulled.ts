import type { FindPulled } from './source'

/** Models that `wordmask model pull` brought. */
export const findPulled: FindPulled = async () => undefined
