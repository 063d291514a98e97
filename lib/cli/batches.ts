/** Groups a stream; the last group may be smaller. */
export async function* batches<T>(source: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = []
  for await (const item of source) {
    batch.push(item)
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** What encode gives for each image of a batch; a batch with a bad image in it is done again one by one. */
export async function eachOrError<T, R>(
  items: T[],
  all: (items: T[]) => Promise<R[]>,
): Promise<(R | { error: Error & { code?: string } })[]> {
  try {
    return await all(items)
  } catch (error) {
    if (items.length === 1) return [{ error: error as Error }]
  }
  const answers: (R | { error: Error })[] = []
  for (const item of items) answers.push(...(await eachOrError([item], all)))
  return answers
}
