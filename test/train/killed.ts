import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { TrainClipOptions, TrainSegmenterOptions } from '../../binding'
import { addonEnvironment } from '../helpers/native'

type Options = { trainClip: TrainClipOptions; trainSegmenter: TrainSegmenterOptions }

/** A training in another process, which SIGKILL ends some steps after `step` and before the last. -> what ended it */
export function killedAt<Train extends keyof Options>(
  train: Train,
  options: Options[Train],
  step: number,
): Promise<string | number | null> {
  const args = [join(import.meta.dirname, 'child.cjs'), train, JSON.stringify(options), String(step)]
  const child = spawn(process.execPath, args, { env: addonEnvironment(), stdio: ['ignore', 'ignore', 'inherit'] })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve(signal ?? code))
  })
}
