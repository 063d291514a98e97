import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** Debian's `redis-server`; without it the tests of the queue are skipped, and fail where CI is set. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0
if (!hasRedis) {
  const what = 'redis-server is missing: the tests of the queue are left out (apt-get install redis-server)'
  if (process.env.CI) throw new Error(what)
  process.stderr.write(`${what}\n`)
}

/** A Redis server on a Unix socket, with its journal in a folder of its own. */
export class RedisServer {
  private child: ChildProcess | undefined
  private constructor(
    readonly folder: string,
    private readonly more: string[],
  ) {}

  /** @param more further flags, such as ['--requirepass', 'secret'] */
  static async start(more: string[] = []): Promise<RedisServer> {
    const server = new RedisServer(mkdtempSync(join(tmpdir(), 'wordmask-redis-')), more)
    await server.begin()
    return server
  }

  get socket(): string {
    return join(this.folder, 'r.sock')
  }

  get url(): string {
    return `unix://${this.socket}`
  }

  /** @param emptied as if another machine had taken its place */
  async begin(emptied = false): Promise<void> {
    if (emptied) rmSync(join(this.folder, 'data'), { recursive: true, force: true })
    mkdirSync(join(this.folder, 'data'), { recursive: true })
    const flags = ['--port', '0', '--unixsocket', this.socket, '--save', '', '--appendonly', 'yes', '--dir', join(this.folder, 'data')]
    this.child = spawn('redis-server', [...flags, '--maxmemory-policy', 'noeviction', ...this.more], { stdio: 'ignore' })
    for (let tries = 0; tries < 200; tries++) {
      if (await this.answers()) return
      await delay(50)
    }
    throw new Error('redis-server does not answer')
  }

  /** As a crash of its machine. */
  async kill(): Promise<void> {
    const { child } = this
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  async end(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** Also where it first wants a password. */
  private answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.socket, () => socket.write('PING\r\n'))
      socket.once('data', (data) => {
        socket.destroy()
        resolve(/^(\+PONG|-NOAUTH)/.test(String(data)))
      })
      socket.once('error', () => resolve(false))
      socket.once('close', () => resolve(false))
    })
  }
}

/** A port that nobody listens on, outside the range that the system gives to connections. */
export async function freePort(): Promise<number> {
  for (let port = 20_000; port < 30_000; port++) {
    const server = createServer()
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!free) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
  throw new Error('no port is free')
}
