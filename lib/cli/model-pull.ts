import { pullModel } from '../hub/pull'
import type { Context } from './program'
import { progress, speak } from './terminal'

export async function pull(id: string, json: boolean, context: Context): Promise<void> {
  const bar = await progress('MiB', 0, json)
  const mib = (bytes: number) => Math.round(bytes / 2 ** 20)
  const { path, licence } = await pullModel(id, {
    signal: context.interrupt.stop,
    log: (line) => process.stderr.write(`${line}\n`),
    onPlan: (plan) => {
      const missing = plan.files.filter(({ cached }) => !cached).length
      const what =
        missing === 0
          ? 'everything is here already'
          : `${missing} of ${plan.files.length} files to fetch${plan.bytes > 0 ? `, ${mib(plan.bytes)} MiB` : ''}`
      process.stderr.write(`licence: ${plan.licence ?? 'not stated by the repository'}\nfrom ${plan.source}: ${what}\n`)
      speak(json, { event: 'plan', ...plan }, undefined)
    },
    onProgress: (done, total) => bar.step(mib(done), mib(total)),
  }).finally(() => bar.stop())
  speak(
    json,
    { event: 'pulled', id, path, licence },
    `${id} is here: ${path}\nUse it: wordmask segment IMAGES --classes "..." --clip ${id}`,
  )
}
