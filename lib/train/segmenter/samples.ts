import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClassEntry } from '../../text/classes'
import { writeOverlay } from '../../write/overlay'
import { headerBytes } from './pack'

/** How the network labels a few pictures on its way: <into>/samples/step-001000/0.png, the picture under its colours. */
export class SampleOverlays {
  private writing: Promise<void> = Promise.resolve()

  constructor(
    private readonly into: string,
    /** Packed pictures that the labels belong to. */
    private readonly packed: string,
    private readonly size: { width: number; height: number },
    private readonly classes: readonly ClassEntry[],
    private readonly firstLabel: 0 | 1,
  ) {}

  /** In the background, one step after the other; finished() waits and throws what went wrong. */
  add(step: number, labels: Uint8Array): void {
    this.writing = this.writing.then(() => this.write(step, labels))
    this.writing.catch(() => {})
  }

  finished(): Promise<void> {
    return this.writing
  }

  private async write(step: number, labels: Uint8Array): Promise<void> {
    const { width, height } = this.size
    const cells = width * height
    const handle = await open(this.packed, 'r')
    try {
      for (let i = 0; i * cells < labels.length; i++) {
        const data = new Uint8Array(3 * cells)
        await handle.read(data, 0, data.length, headerBytes + i * 4 * cells)
        const own = labels.subarray(i * cells, (i + 1) * cells)
        const file = join(this.into, 'samples', `step-${String(step).padStart(6, '0')}`, `${i}.png`)
        await writeOverlay(file, { data, width, height, channels: 3 }, this.labelled(own))
      }
    } finally {
      await handle.close()
    }
  }

  private labelled(labels: Uint8Array) {
    const { classes, firstLabel, size } = this
    const counts = new Float64Array(classes.length)
    for (const label of labels) if (label >= firstLabel) counts[label - firstLabel] = (counts[label - firstLabel] as number) + 1
    return {
      ...size,
      labels,
      classes,
      firstLabel,
      coverage: [...counts].map((count) => count / labels.length),
      protocol: { orient: false },
    }
  }
}
