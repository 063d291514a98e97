import type { Readable } from 'node:stream'
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3'
import { Transient } from '../hub/http'
import { abortedError, throwIfAborted } from '../options'
import { expectMany } from '../task'
import { checkBytes, checkRange } from './content-range'
import { collect, type Piece, resumed } from './resume'
import { type Connection, connect } from './s3-client'
import { type S3Action, s3Error, statusOf } from './s3-errors'
import { S3Writer } from './s3-put'
import { s3File, s3Place } from './s3-settings'
import type { ReadOptions, Store, StoredFile } from './store'

interface Signalled {
  signal?: AbortSignal
}

export interface S3StoreOptions {
  /** Attempts after the first to go on with a body that broke. Default 5. (Requests that fail are the SDK's: AWS_MAX_ATTEMPTS.) */
  retries?: number
  /** ms before the first of them; doubles. Default 500. */
  retryDelay?: number
}

/**
 * Objects of any S3-compatible server. Credentials, profile, region and endpoint come from the usual AWS variables and files
 * (s3-settings.ts); they are read at the first call. Lists are in the order of the server, that of the keys' bytes.
 */
export class S3Store implements Store {
  readonly scheme = 's3'
  readonly #retries: number
  readonly #retryDelay: number
  #connection: Promise<Connection & { writer: S3Writer }> | undefined

  constructor(options: S3StoreOptions = {}) {
    this.#retries = options.retries ?? 5
    this.#retryDelay = options.retryDelay ?? 500
  }

  async stat(uri: string, { signal }: Signalled = {}): Promise<StoredFile> {
    const { bucket, key } = s3File(uri)
    return this.#call(uri, bucket, 's3:GetObject', signal, async ({ client, sdk, payer }) => {
      try {
        const found = await client.send(new sdk.HeadObjectCommand({ Bucket: bucket, Key: key, ...payer }), { abortSignal: signal })
        return { uri, bytes: found.ContentLength ?? 0, version: found.ETag }
      } catch (error) {
        // An answer to HEAD has no body that would say what is missing.
        if (statusOf(error) === 404)
          await client.send(new sdk.HeadBucketCommand({ Bucket: bucket }), { abortSignal: signal }).catch(noBucket)
        throw error
      }
    })
  }

  async read(uri: string, options: ReadOptions = {}): Promise<Buffer> {
    return collect(this.stream(uri, options))
  }

  async *stream(uri: string, { range, signal }: ReadOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const { bucket, key } = s3File(uri)
    checkBytes(uri, range)
    if (range?.length === 0) return
    const end = range && range.offset + range.length
    yield* resumed({
      uri,
      retries: this.#retries,
      retryDelay: this.#retryDelay,
      signal,
      advice: 'Check the connection, then run the same command again',
      open: async (from, version) => {
        const start = (range?.offset ?? 0) + from
        const found = await this.#call(uri, bucket, 's3:GetObject', signal, ({ client, sdk, payer }) =>
          client.send(
            new sdk.GetObjectCommand({
              Bucket: bucket,
              Key: key,
              ...payer,
              ...(end !== undefined || start > 0 ? { Range: `bytes=${start}-${end === undefined ? '' : end - 1}` } : {}),
              ...(version === undefined ? {} : { IfMatch: version }),
            }),
            { abortSignal: signal },
          ),
        )
        return piece(uri, found, start, end)
      },
    })
  }

  async *list(prefix: string, { signal }: Signalled = {}): AsyncGenerator<StoredFile, void, undefined> {
    const { bucket, key } = s3Place(prefix)
    const folder = key === '' || key.endsWith('/') ? key : `${key}/`
    let token: string | undefined
    do {
      const page = await this.#call(prefix, bucket, 's3:ListBucket', signal, ({ client, sdk, payer }) =>
        client.send(
          // Encoded, since XML cannot hold every key.
          new sdk.ListObjectsV2Command({ Bucket: bucket, Prefix: folder, ContinuationToken: token, EncodingType: 'url', ...payer }),
          { abortSignal: signal },
        ),
      )
      const decode = (name: string) => (page.EncodingType === 'url' ? decodeURIComponent(name.replaceAll('+', ' ')) : name)
      for (const { Key: name, Size: bytes, ETag: version } of page.Contents ?? []) {
        throwIfAborted(signal)
        // A name that ends in a slash is what consoles make for an empty folder.
        if (name !== undefined && !name.endsWith('/')) yield { uri: `s3://${bucket}/${decode(name)}`, bytes: bytes ?? 0, version }
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined
    } while (token !== undefined)
  }

  /** @throws ERR_WORDMASK_IO for `ifAbsent` where the server has no conditional PUT: asked once a bucket, by two tiny objects. */
  async put(
    uri: string,
    data: Uint8Array | string,
    { ifAbsent = false, signal }: { ifAbsent?: boolean } & Signalled = {},
  ): Promise<boolean> {
    const body = typeof data === 'string' ? Buffer.from(data) : data
    const { bucket, key } = s3File(uri)
    return this.#call(uri, bucket, 's3:PutObject', signal, async ({ writer }) => {
      if (ifAbsent) return writer.putIfAbsent({ bucket, key }, body, signal)
      await writer.put({ bucket, key }, body, signal)
      return true
    })
  }

  async remove(uri: string): Promise<void> {
    const { bucket, key } = s3File(uri)
    await this.#call(uri, bucket, 's3:DeleteObject', undefined, async ({ client, sdk, payer }) => {
      try {
        await client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key: key, ...payer }))
      } catch (error) {
        if ((error as Error).name !== 'NoSuchKey') throw error
      }
    })
  }

  /** @throws ERR_WORDMASK_IO where two machines that write below `uri` could overwrite each other: no conditional PUT. */
  async checkConditionalPut(uri: string, { signal }: Signalled = {}): Promise<void> {
    const { bucket, key } = s3Place(uri)
    await this.#call(uri, bucket, 's3:PutObject', signal, ({ writer }) =>
      writer.checkConditional({ bucket, key: key.replace(/\/?$/, '/x') }, signal),
    )
  }

  async #call<T>(
    uri: string,
    bucket: string,
    action: S3Action,
    signal: AbortSignal | undefined,
    run: (connection: Connection & { writer: S3Writer }) => Promise<T>,
  ): Promise<T> {
    throwIfAborted(signal)
    if (signal) expectMany(signal)
    this.#connection ??= connect().then((connection) => ({ ...connection, writer: new S3Writer(connection) }))
    const connection = await this.#connection.catch((error) => {
      this.#connection = undefined // the environment may be mended
      throw error
    })
    try {
      return await run(connection)
    } catch (error) {
      if (signal?.aborted) throw abortedError(signal)
      throw s3Error(error, { uri, bucket, action, settings: connection.settings })
    }
  }
}

function noBucket(error: unknown): void {
  if (statusOf(error) === 404) throw Object.assign(error as Error, { name: 'NoSuchBucket' })
}

function piece(uri: string, found: GetObjectCommandOutput, start: number, end: number | undefined): Piece {
  const body = found.Body as Readable
  const ranged = end !== undefined || start > 0
  try {
    return {
      bytes: ranged ? checkRange(uri, found.ContentRange, start, end) : found.ContentLength,
      version: found.ETag,
      body: transient(body),
    }
  } catch (error) {
    body.destroy()
    throw error
  }
}

/** Once the answer has begun, all that can go wrong is the connection. */
async function* transient(body: Readable): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* body
  } catch (error) {
    throw new Transient((error as { code?: string }).code ?? (error as Error).message)
  }
}
