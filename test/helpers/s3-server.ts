import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** An S3 server of one test file. */
export class S3Server {
  private constructor(
    readonly endpoint: string,
    private readonly child: ChildProcess,
  ) {}

  /** Made on first use by scripts/s3-server.mjs. @throws where Python or its index is not there */
  static async start(): Promise<S3Server> {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/s3-server.mjs'], { cwd: root, encoding: 'utf8' })
    if (status !== 0) throw new Error(`node scripts/s3-server.mjs failed:\n${stderr.trim()}`)
    const child = spawn(stdout.trim(), ['test/helpers/s3_server.py'], { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] })
    const [port] = (await Promise.race([
      once(createInterface(child.stdout), 'line'),
      once(child, 'exit').then(() => Promise.reject(new Error('the S3 server ended at once; its words are above'))),
    ])) as [string]
    return new S3Server(`http://127.0.0.1:${port}`, child)
  }

  /** What a process needs to reach it, and nothing of the machine's own. */
  get env(): Record<string, string> {
    return s3Environment(this.endpoint)
  }

  async makeBucket(name: string): Promise<void> {
    const { status } = await fetch(`${this.endpoint}/${name}`, { method: 'PUT' })
    if (status !== 200) throw new Error(`cannot make the bucket ${name}: ${status}`)
  }

  async close(): Promise<void> {
    const ended = this.child.exitCode === null && this.child.signalCode === null ? once(this.child, 'exit') : undefined
    this.child.stdin?.end()
    setTimeout(() => this.child.kill('SIGKILL'), 2000).unref()
    await ended
  }
}

export const s3Environment = (endpoint: string): Record<string, string> => ({
  AWS_ENDPOINT_URL: endpoint,
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test-access-key',
  AWS_SECRET_ACCESS_KEY: 'test-secret-key-not-to-be-seen',
  AWS_CONFIG_FILE: '/nowhere/config',
  AWS_SHARED_CREDENTIALS_FILE: '/nowhere/credentials',
  AWS_EC2_METADATA_DISABLED: 'true',
})

/** Sets variables of this process (undefined: takes them away) and says how to put the old ones back. */
export function setEnvironment(values: Record<string, string | undefined>): () => void {
  const before = Object.fromEntries(Object.keys(values).map((name) => [name, process.env[name]]))
  const put = (all: Record<string, string | undefined>) => {
    for (const [name, value] of Object.entries(all)) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
  put(values)
  return () => put(before)
}

/**
 * One server for the file, with the variables of this process set to it. Where it cannot be had `missing` says why, for
 * `skip(!s3.server, s3.missing)`; in CI that is a failure.
 */
export function withS3(...buckets: string[]): { server?: S3Server; missing?: string } {
  const found: { server?: S3Server; missing?: string } = {}
  let restore = () => {}
  beforeAll(async () => {
    try {
      found.server = await S3Server.start()
    } catch (error) {
      if (process.env.CI) throw error
      found.missing = `no S3 server here: ${(error as Error).message}`
      return
    }
    restore = setEnvironment(found.server.env)
    for (const bucket of buckets) await found.server.makeBucket(bucket)
  }, 300_000)
  afterAll(async () => {
    restore()
    await found.server?.close()
  })
  return found
}
