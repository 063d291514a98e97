/** Where images come from, and where one of them is found again. */
export { checkSources } from './check'
export { openNamedShard, openShard, openSource, planShards } from './open'
export { checkPlace } from './places/check'
export { type ReadPlace, type ReadPlacesOptions, readPlaces } from './places/many'
export { readPlace } from './places/read'
export type {
  BoxesSpec,
  ImageItem,
  ListColumns,
  Metadata,
  PlanOptions,
  ShardOptions,
  SourceInput,
  SourceKind,
  SourceOptions,
  SourceSpec,
} from './types'
