import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { SystemInfo } from '../../binding'
import type { Check } from '../doctor'
import type { Environment } from '../setup/paths'

export const packageRoot = join(__dirname, '..', '..')
export const inCheckout = (): boolean => existsSync(join(packageRoot, 'native', 'README.md'))
/** LibTorch alone is fetched by setup; in a checkout the build does both. */
export const installCommand = (): string => (inCheckout() ? 'npm run build' : 'npx wordmask setup')
/** What stands before a command of ours where a person types it. */
export const commandLine = (): string => (inCheckout() ? 'npm run -s wordmask --' : 'npx wordmask')

const PROBE = 'process.stdout.write(JSON.stringify(require(process.argv[1]).binding().systemInfo()))'

/** Loads the addon in a process of its own: an abort or a crash there is a finding, not the end of the doctor. */
export function loadInChild(env: Environment): Promise<{ check: Check; info?: SystemInfo }> {
  const began = performance.now()
  const file = join(packageRoot, 'dist', 'binding.js')
  const broken = (value: string): { check: Check } => ({
    check: { group: 'native', name: 'addon', value, state: 'broken', next: installCommand() },
  })
  if (!existsSync(file)) return Promise.resolve(broken(`${file} is missing`))
  return new Promise((resolve) => {
    execFile(process.execPath, ['-e', PROBE, file], { env: env as NodeJS.ProcessEnv, timeout: 60_000 }, (error, stdout, stderr) => {
      const milliseconds = Math.round(performance.now() - began)
      if (error) {
        const words = /WordmaskError: ([^]*?)\n +at /.exec(stderr)?.[1] ?? (stderr.trim().split('\n').slice(-3).join('\n') || error.message)
        return resolve(broken(`does not load: ${words}${error.signal ? ` (signal ${error.signal})` : ''}`))
      }
      const info = JSON.parse(stdout) as SystemInfo
      const value = `loads in ${milliseconds} ms (process start included); built from ${info.build} by ${info.compiler} for LibTorch ${info.torch}`
      resolve({ check: { group: 'native', name: 'addon', value, state: 'ok' }, info })
    })
  })
}
