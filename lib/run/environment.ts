import { readFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** Version of this package, from its own package.json. */
export function packageVersion(): string {
  const file = path.join(__dirname, '..', '..', 'package.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

export interface Machine {
  platform: string
  cpu: string
  cores: number
  memoryGiB: number
}

export function machine(): Machine {
  return {
    platform: `${process.platform}-${process.arch} ${os.release()}`,
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
  }
}
