import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { WordmaskError } from '../errors'
import type { Connection } from './s3-client'
import { type S3Failure, statusOf } from './s3-errors'
import { multipart, partBytes } from './s3-multipart'
import type { S3Place } from './s3-settings'

const mark = 'wordmask-put'
/** Answers to a conditional PUT that met another one: try again. */
const conflicts = 5

/** Whole objects into buckets; what an S3 server shows is always whole. */
export class S3Writer {
  /** Per bucket: whether the server honours If-None-Match. */
  readonly #honoured = new Map<string, Promise<void>>()

  constructor(private readonly connection: Connection) {}

  async put(place: S3Place, body: Uint8Array, signal?: AbortSignal): Promise<void> {
    if (body.length > partBytes) await multipart(this.connection, place, body, signal)
    else await this.#send(place, body, {}, signal)
  }

  /** One PUT with If-None-Match. -> false where the object is there already. */
  async putIfAbsent(place: S3Place, body: Uint8Array, signal?: AbortSignal): Promise<boolean> {
    await this.checkConditional(place, signal)
    const own = randomBytes(16).toString('hex')
    for (let tries = 0; ; tries++) {
      try {
        await this.#send(place, body, { IfNoneMatch: '*', Metadata: { [mark]: own } }, signal)
        return true
      } catch (error) {
        if (statusOf(error) === 412) return attempts(error) + tries > 1 && (await this.#isOurs(place, own, signal))
        if (statusOf(error) !== 409 || tries >= conflicts) throw unsupported(error, this.connection) ?? error
        await delay(50 * 2 ** tries * (1 + Math.random()), undefined, { signal })
      }
    }
  }

  /** Amazon has it; of any other server two tiny objects of a random name, removed again, tell. @throws ERR_WORDMASK_IO */
  async checkConditional(place: S3Place, signal?: AbortSignal): Promise<void> {
    if (this.connection.settings.amazon) return
    let asked = this.#honoured.get(place.bucket)
    if (!asked) {
      asked = this.#probe(place)
      this.#honoured.set(place.bucket, asked)
      asked.catch(() => this.#honoured.delete(place.bucket))
    }
    await asked
    signal?.throwIfAborted()
  }

  async #probe({ bucket, key }: S3Place): Promise<void> {
    const { client, sdk, payer } = this.connection
    const probe = { bucket, key: `${key.slice(0, key.lastIndexOf('/') + 1)}.wordmask-${randomBytes(8).toString('hex')}` }
    try {
      await this.#send(probe, Buffer.from('1'), { IfNoneMatch: '*' })
      await this.#send(probe, Buffer.from('2'), { IfNoneMatch: '*' })
    } catch (error) {
      if (statusOf(error) === 412) return
      throw unsupported(error, this.connection) ?? error
    } finally {
      await client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key: probe.key, ...payer })).catch(() => {})
    }
    throw noConditions(this.connection)
  }

  /** A PUT whose answer got lost is sent again by the SDK, and then finds its own object. */
  async #isOurs({ bucket, key }: S3Place, own: string, signal?: AbortSignal): Promise<boolean> {
    const { client, sdk, payer } = this.connection
    const found = await client.send(new sdk.HeadObjectCommand({ Bucket: bucket, Key: key, ...payer }), { abortSignal: signal })
    return found.Metadata?.[mark] === own
  }

  #send({ bucket, key }: S3Place, body: Uint8Array, more: object, signal?: AbortSignal) {
    const { client, sdk, payer } = this.connection
    return client.send(new sdk.PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ...payer, ...more }), { abortSignal: signal })
  }
}

const attempts = (error: unknown) => (error as S3Failure).$metadata?.attempts ?? 1

function unsupported(error: unknown, connection: Connection): WordmaskError | undefined {
  const { name } = error as S3Failure
  return statusOf(error) === 501 || name === 'NotImplemented' ? noConditions(connection) : undefined
}

function noConditions({ settings }: Connection): WordmaskError {
  return new WordmaskError(
    'ERR_WORDMASK_IO',
    `${settings.endpoint} has no conditional PUT (it ignores or refuses If-None-Match), so two machines could overwrite each other's ` +
      'results. Use a store that has it (Amazon S3, MinIO, Ceph, Cloudflare R2) or a folder on a shared disk',
  )
}
