/** Models that `wordmask model pull` brought. */
export { findPulled } from '../hub/resolve'
