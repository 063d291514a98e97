import type { S3Client } from '@aws-sdk/client-s3'
import { type S3Settings, s3Settings } from './s3-settings'

export interface Connection {
  client: S3Client
  sdk: typeof import('@aws-sdk/client-s3')
  settings: S3Settings
  /** Goes with every request on an object. */
  payer: { RequestPayer?: 'requester' }
}

/** The SDK is loaded here and nowhere else, when the first S3 address is used. */
export async function connect(): Promise<Connection> {
  const [sdk, settings] = await Promise.all([import('@aws-sdk/client-s3'), s3Settings()])
  const { endpoint, region, pathStyle, amazon, anonymous, requesterPays, attempts } = settings
  const client = quietly(
    () =>
      new sdk.S3Client({
        region,
        forcePathStyle: pathStyle,
        maxAttempts: attempts,
        retryMode: 'standard',
        // Shared: idle sockets are closed after a minute, and a body that stood still that long goes on by a range.
        requestHandler: { connectionTimeout: 10_000, socketTimeout: 60_000, httpAgent: { maxSockets: 64 }, httpsAgent: { maxSockets: 64 } },
        ...(endpoint === undefined ? {} : { endpoint }),
        // Checksums that Amazon added in 2025 are refused by older servers of others.
        ...(amazon ? {} : ({ requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' } as const)),
        ...(anonymous ? { credentials: { accessKeyId: '', secretAccessKey: '' }, signer: { sign: async (request) => request } } : {}),
      }),
  )
  return { client, sdk, settings, payer: requesterPays ? { RequestPayer: 'requester' } : {} }
}

/** The version is pinned here, so that the SDK's notice about Node versions of its later ones is nothing a user can act on. */
function quietly<T>(make: () => T): T {
  const name = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'
  const before = process.env[name]
  process.env[name] = 'true'
  try {
    return make()
  } finally {
    if (before === undefined) delete process.env[name]
    else process.env[name] = before
  }
}
