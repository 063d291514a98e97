// The artwork's packages, each pinned: from npm, or from Debian where a style says so.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const folderOf = (name) => name.replace('/', '+')

/** Unpacks the package of a style into `temp` and returns its folder; those of `more` lie beside it. */
export function fetchPackage({ package: name, version, archive, sha256, more = {} }, temp) {
  for (const other of Object.values(more)) fetchPackage(other, temp)
  const folder = join(temp, folderOf(name))
  if (existsSync(folder)) return folder
  mkdirSync(folder, { recursive: true })
  if (archive === 'deb') fetchDebian(name, version, sha256, temp, folder)
  else fetchNpm(name, version, temp, folder)
  return folder
}

function fetchNpm(name, version, temp, folder) {
  const file = execFileSync('npm', ['pack', '--silent', '--pack-destination', temp, `${name}@${version}`], { encoding: 'utf8' }).trim()
  execFileSync('tar', ['xzf', join(temp, file.split('\n').at(-1)), '-C', folder, '--strip-components', '1'])
}

function fetchDebian(name, version, sha256, temp, folder) {
  execFileSync('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', `${name}=${version}`], { cwd: temp, stdio: 'inherit' })
  const file = join(
    temp,
    readdirSync(temp).find((entry) => entry.startsWith(`${name}_`)),
  )
  const found = createHash('sha256').update(readFileSync(file)).digest('hex')
  if (found !== sha256) throw new Error(`Expected ${sha256} as the SHA-256 of ${name} ${version} but received ${found}`)
  execFileSync('dpkg-deb', ['-x', file, folder])
}

/** The folder of one of the packages in `more` of a style. */
export const folderBeside = (folder, { package: name }) => join(folder, '..', folderOf(name))
