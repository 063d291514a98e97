import { planShards } from './open'
import { inputsOf } from './resolve'
import type { PlanOptions, SourceInput } from './types'

/** Looks for the first shard of every source, before anything is made of them. @throws as planShards where one has none */
export async function checkSources(
  sources: SourceInput | readonly SourceInput[],
  { onNotice: _, onReject: __, ...options }: PlanOptions,
): Promise<void> {
  for (const source of inputsOf(sources)) for await (const _ of planShards([source], options)) break
}
