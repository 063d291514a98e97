import type { Clip } from '../clip/clip'
import { clipTexts } from '../curate/clip-texts'
import { curate } from '../curate/curate'
import { CuratedParts, CuratedSet, type VectorsOf } from '../curate/curated-set'
import type { CurateOptions } from '../curate/options'
import { type DedupeOptions, type DedupeReport, dedupe } from '../dedupe/dedupe'
import type { DedupeSource } from '../dedupe/source'
import { WordmaskError } from '../errors'
import { readPlaces } from '../sources'
import type { ClassSpec } from '../text/classes'
import { SnapshotRows } from './curation'
import type { OpenArchive } from './open'
import type { Snapshots } from './snapshots'

const hidesNothing = async () => 0

/** Archive.curate. */
export async function curateArchive(
  parts: OpenArchive,
  snapshots: Snapshots,
  clip: Clip,
  classes: readonly (string | ClassSpec)[],
  given: CurateOptions,
): Promise<CuratedSet> {
  const { place, identity } = parts
  const { dim, weights } = identity.model
  const { name, licence } = clip.info
  const set = await snapshots.during((snapshot) => {
    const source = new SnapshotRows(snapshot, dim, hidesNothing)
    const origin = { archive: place.uri, rows: snapshot.rows.length, model: { name, licence, sha256: [weights] } }
    return curate({ source, clip: clipTexts(clip), read: readPlaces, origin }, classes, given)
  })
  return new CuratedSet(new CuratedParts(set.classes, set.origin, readPlaces, vectorsOf(parts, snapshots)))
}

/** Archive.loadCurated. */
export async function loadCurated(parts: OpenArchive, snapshots: Snapshots, file: string): Promise<CuratedSet> {
  const { classes, origin } = await CuratedSet.load(file)
  return new CuratedSet(new CuratedParts(classes, origin, readPlaces, vectorsOf(parts, snapshots)))
}

/** The version that was curated may be closed when vectors are asked for: they are looked up by id in the newest. */
function vectorsOf({ place, identity }: OpenArchive, snapshots: Snapshots): VectorsOf {
  const { dim } = identity.model
  return (ids: readonly string[], signal?: AbortSignal) =>
    snapshots.during(async (snapshot) => {
      const source = new SnapshotRows(snapshot, dim, hidesNothing)
      const rows = await source.find(ids, signal)
      const gone = rows.indexOf(-1)
      if (gone >= 0)
        throw new WordmaskError(
          'ERR_WORDMASK_INVALID_ARGUMENT',
          `The archive ${place.uri} does not hold ${ids[gone]} any more: curate again`,
        )
      return { data: await source.vectors(rows, signal), dim }
    })
}

/** Archive.dedupe. */
export async function dedupeArchive(
  parts: OpenArchive,
  snapshots: Snapshots,
  hide: DedupeSource['hide'],
  given: DedupeOptions,
): Promise<DedupeReport> {
  return snapshots.during((snapshot) => dedupe(new SnapshotRows(snapshot, parts.identity.model.dim, hide), given))
}
