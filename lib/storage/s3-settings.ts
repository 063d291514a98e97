import { WordmaskError } from '../errors'
import { redact } from '../redact'

type Environment = Record<string, string | undefined>

/** How an S3 server is reached; keys are the SDK's own business. */
export interface S3Settings {
  /** Address of a server that is not Amazon's, or of one of Amazon's special ones. */
  endpoint?: string
  /** AWS_REGION, AWS_DEFAULT_REGION, the profile's, else us-east-1 (which servers of others take for granted). */
  region: string
  /** bucket in the path, not in the host's name: where the endpoint is not Amazon's, unless AWS_VIRTUAL_HOSTED_STYLE_REQUEST. */
  pathStyle: boolean
  amazon: boolean
  /** AWS_SKIP_SIGNATURE=true: for buckets that everybody may read. */
  anonymous: boolean
  /** AWS_REQUEST_PAYER=requester (or true): reading is billed to the reader. */
  requesterPays: boolean
  /** AWS_MAX_ATTEMPTS or the profile's max_attempts. Default 6. */
  attempts: number
}

/**
 * From the usual variables and files: AWS_PROFILE, AWS_CONFIG_FILE, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION and those
 * named above, which are the ones LanceDB's object store reads too. @throws ERR_WORDMASK_INVALID_ARGUMENT
 */
export async function s3Settings(env: Environment = process.env): Promise<S3Settings> {
  const { loadConfig } = await import('@smithy/core/config')
  const read = (variables: string[], setting: string, service = false) =>
    loadConfig<string>({
      environmentVariableSelector: (from) => variables.map((name) => from[name]).find(Boolean),
      configFileSelector: (profile, file) =>
        (service ? file?.[`services.${profile.services}`]?.[`s3.${setting}`] : undefined) ?? profile[setting],
      default: '',
    })()
  const ignored = await read(['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'], 'ignore_configured_endpoint_urls')
  const endpoint = isTrue(ignored) ? '' : await read(['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'], 'endpoint_url', true)
  const amazon = endpoint === '' || /(^|\.)amazonaws\.com(\.cn)?$/.test(hostOf(endpoint))
  return {
    ...(endpoint === '' ? {} : { endpoint: endpoint.replace(/\/+$/, '') }),
    region: (await read(['AWS_REGION', 'AWS_DEFAULT_REGION'], 'region')) || 'us-east-1',
    pathStyle: !amazon && !isTrue(env.AWS_VIRTUAL_HOSTED_STYLE_REQUEST),
    amazon,
    anonymous: isTrue(env.AWS_SKIP_SIGNATURE),
    requesterPays: isTrue(env.AWS_REQUEST_PAYER) || env.AWS_REQUEST_PAYER?.toLowerCase() === 'requester',
    attempts: Number(await read(['AWS_MAX_ATTEMPTS'], 'max_attempts')) || 6,
  }
}

function hostOf(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  if (url && (url.protocol === 'https:' || url.protocol === 'http:')) return url.hostname
  throw new WordmaskError(
    'ERR_WORDMASK_INVALID_ARGUMENT',
    `Expected AWS_ENDPOINT_URL (or endpoint_url of the profile) to be like https://host:port but it is ${JSON.stringify(redact(endpoint))}`,
  )
}

const isTrue = (text: string | undefined) => ['1', 'true', 'yes', 'on'].includes((text ?? '').toLowerCase())

export interface S3Place {
  bucket: string
  /** '' for the bucket itself. */
  key: string
}

/** `s3://bucket/key`, the key as it is: `%`, `#` and `?` mean themselves. @throws ERR_WORDMASK_INVALID_ARGUMENT */
export function s3Place(uri: string): S3Place {
  const match = /^s3:\/\/([^/]+)(?:\/(.*))?$/s.exec(uri)
  if (match) return { bucket: match[1]!, key: match[2] ?? '' }
  throw new WordmaskError('ERR_WORDMASK_INVALID_ARGUMENT', `Expected s3://bucket/key but received ${JSON.stringify(redact(uri))}`)
}

/** The same for a file. */
export function s3File(uri: string): S3Place {
  const place = s3Place(uri)
  if (place.key !== '') return place
  throw new WordmaskError(
    'ERR_WORDMASK_INVALID_ARGUMENT',
    `Expected the name of a file after the bucket, as in ${uri.replace(/\/*$/, '')}/key`,
  )
}
