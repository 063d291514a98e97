// The addon: cmake-js with node-api-headers (so that Node's own headers are not downloaded), ccache and ninja where present.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'
import { capture, filesBelow, fingerprint, hasProgram, root, run, StepError, say, step } from './steps.mjs'

const cache = join(root, 'build', 'CMakeCache.txt')

export async function ensureNative(libtorch) {
  const sources = filesBelow(
    ['CMakeLists.txt', 'native', 'test/native', 'package-lock.json', 'scripts/native.mjs'],
    (path) => !path.endsWith('.md'),
  )
  const print = fingerprint(sources, libtorch.root, libtorch.version, process.env.CXX, process.env.CXXFLAGS)
  const outputs = ['build/Release/wordmask.node', 'build/Release/core/wordmask_core.node', 'build/Release/core/libwordmask_core.so']
  await step('native', print, outputs, async () => {
    const generator = await checkTools()
    forgetOtherBuild(generator)
    const jobs = Math.max(1, Math.min(availableParallelism(), Math.floor(totalmem() / 2.5e9)))
    say('native', `${generator}, ${jobs} jobs, ${(await hasProgram('ccache')) ? 'with' : 'without'} ccache, against ${libtorch.root}`)
    const cmakeJs = join(root, 'node_modules', 'cmake-js', 'bin', 'cmake-js')
    const common = ['--out', 'build', `--CDWORDMASK_LIBTORCH=${libtorch.root}`]
    for (const args of [
      ['configure', ...common, ...(generator === 'Ninja' ? [] : ['--generator', generator])],
      ['build', ...common, '--parallel', String(jobs)],
    ]) {
      const { status } = await run(process.execPath, [cmakeJs, ...args])
      if (status !== 0) throw new StepError(`The native build failed at cmake-js ${args[0]} (its words are above). Next: npm run doctor`)
    }
  })
}

async function checkTools() {
  const missing = []
  if (!(await hasProgram('cmake'))) missing.push('cmake')
  if (!process.env.CXX && !(await hasProgram('c++'))) missing.push('g++')
  const ninja = await hasProgram('ninja')
  if (!ninja && !(await hasProgram('make'))) missing.push('make')
  if (missing.length === 0) return ninja ? 'Ninja' : 'Unix Makefiles'
  throw new StepError(
    `The native build needs ${missing.join(', ')}. Next: apt-get install ${missing.join(' ')} (or your system's way), then: npm run build`,
  )
}

/** CMake refuses a build folder of another generator or another place; what is compiled stays in ccache. */
function forgetOtherBuild(generator) {
  if (!existsSync(cache)) return
  const text = readFileSync(cache, 'utf8')
  const value = (name) => new RegExp(`^${name}:[A-Z]+=(.*)$`, 'm').exec(text)?.[1]
  if (value('CMAKE_GENERATOR') === generator && value('CMAKE_HOME_DIRECTORY') === root) return
  say('native', `build/ was configured for ${value('CMAKE_GENERATOR')} in ${value('CMAKE_HOME_DIRECTORY')}: configuring anew`)
  rmSync(cache)
  rmSync(join(root, 'build', 'CMakeFiles'), { recursive: true, force: true })
}

export async function describeCheckout() {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const { status, stdout } = await capture('git', ['rev-parse', '--short=10', 'HEAD']).catch(() => ({ status: 1 }))
  return status === 0 ? `${version}+${stdout.trim()}` : version
}
