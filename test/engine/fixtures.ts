import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll } from 'vitest'
import type { Shard } from '../../lib/archive/types.js'
import type { Operation, OperationSpec, ShardContext, ShardOutput } from '../../lib/engine/operation.js'
import { WorkFolder } from '../../lib/engine/work-folder.js'

/** A folder that goes away with the test file. */
export function temporary(name: string): (...parts: string[]) => string {
  const folder = mkdtempSync(join(tmpdir(), `wordmask-${name}-`))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return (...parts) => join(folder, ...parts)
}

export const spec: OperationSpec = { name: 'digest', config: { rounds: 1 }, weights: 'w' }

/** Shards of `images` made-up images each. */
export function shardsOf(count: number, images = 4): Shard[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `shard-${i}`,
    name: `s${i}.tar`,
    source: Array.from({ length: images }, (_, k) => `i${i}-${k}`),
  }))
}

export async function* stream<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items
}

export async function planned(base: string, shards: Shard[], given = spec): Promise<WorkFolder> {
  const folder = await WorkFolder.create(base, given)
  for (const shard of shards) await folder.plan(shard)
  return folder
}

/** Hashes the names of a shard's images: small, and the same everywhere. What `on` throws fails the shard. */
export class Digest implements Operation {
  readonly device = 'cpu'
  readonly runs: string[] = []
  disposed = false

  constructor(
    readonly spec: OperationSpec,
    private readonly on: (image: string, context: ShardContext) => unknown = () => {},
    private readonly ms = 0,
  ) {}

  async run(shard: Shard, context: ShardContext): Promise<ShardOutput> {
    this.runs.push(shard.id)
    const lines: string[] = []
    for (const image of shard.source as string[]) {
      context.signal.throwIfAborted()
      await context.working(image)
      await this.on(image, context)
      if (this.ms > 0) await delay(this.ms)
      lines.push(createHash('sha256').update(image).digest('hex'))
      context.onProgress(lines.length)
    }
    return { files: [{ name: 'lines', data: Buffer.from(lines.join('\n')) }], images: lines.length, rejects: {} }
  }

  dispose(): void {
    this.disposed = true
  }
}

/** What a single run over these shards gives. */
export function expectedLines(shards: Shard[]): string[] {
  return shards.flatMap(({ source }) => (source as string[]).map((image) => createHash('sha256').update(image).digest('hex'))).sort()
}

/** All that outputs hold, as an archive would. */
export class Lines {
  readonly lines = new Set<string>()
  calls = 0
  readonly collect = async (outputs: { files: Record<string, Buffer> }[]): Promise<void> => {
    this.calls++
    for (const { files } of outputs) for (const line of (files.lines as Buffer).toString().split('\n')) this.lines.add(line)
  }

  sorted(): string[] {
    return [...this.lines].sort()
  }
}
