import type { Shard } from '../archive/types'
import { invalidArgument } from '../errors'
import { settingsKey } from '../run/run-file'
import type { OperationSpec } from './operation'

/** A shard to do, by the id that its output is found under. */
export interface Job {
  id: string
  shard: Shard
}

/** The identity of an operation: 12 hex digits of the hash over name, config (order of keys aside) and weights. */
export function specDigest({ name, config, weights }: OperationSpec): string {
  return settingsKey({ name, config, weights }).slice(0, 12)
}

/** hash(operation, config, weights, shard): the same work has the same id on every machine. */
export function jobOf(spec: OperationSpec, shard: Shard): Job {
  const { name, config, weights } = spec
  if (!/^[a-z][a-z0-9-]*$/.test(name)) throw invalidArgument('the name of an operation', 'lower-case letters, digits and hyphens', name)
  if (typeof shard?.id !== 'string' || shard.id === '') throw invalidArgument('shard.id', 'a string that is not empty', shard?.id)
  return { id: `${name}-${settingsKey({ name, config, weights, shard: shard.id }).slice(0, 32)}`, shard }
}
