import { WordmaskError } from '../errors'
import { redact } from '../redact'
import type { S3Settings } from './s3-settings'

/** What the SDK throws; of a broken connection only name, message and code. */
export interface S3Failure {
  name: string
  message: string
  code?: string
  /** Of AuthorizationHeaderMalformed: where the bucket is. */
  Region?: string
  $metadata?: { httpStatusCode?: number; attempts?: number }
  $response?: { headers?: Record<string, string> }
}

/** Permission that a call needs. */
export type S3Action = 's3:GetObject' | 's3:PutObject' | 's3:DeleteObject' | 's3:ListBucket'

export interface S3Call {
  uri: string
  bucket: string
  action: S3Action
  settings: S3Settings
}

/**
 * One sentence for what went wrong and one for what to do. The SDK's own error stays out: it holds the signed request, and with
 * it what must not get into a log.
 */
export function s3Error(error: unknown, call: S3Call): WordmaskError {
  if (error instanceof WordmaskError) return error
  const failure = error as S3Failure
  const missing = isMissing(failure)
  const { uri, bucket, settings } = call
  const server = settings.endpoint ?? `Amazon S3 in ${settings.region}`
  const text = missing
    ? failure.name === 'NoSuchBucket'
      ? `There is no bucket ${JSON.stringify(bucket)} at ${server}. Check its name${settings.endpoint ? ' and AWS_ENDPOINT_URL' : ', or set AWS_ENDPOINT_URL where it is not Amazon that keeps it'}`
      : `${uri} does not exist at ${server}`
    : `Cannot ${verbs[call.action]} ${uri}: ${reason(failure, call, server)}`
  const cause = new Error(hideKeys(redact(`${failure.name}: ${failure.message}`)))
  return new WordmaskError(missing ? 'ERR_WORDMASK_FILE_NOT_FOUND' : 'ERR_WORDMASK_IO', hideKeys(redact(text)), { cause })
}

const verbs: Record<S3Action, string> = {
  's3:GetObject': 'read',
  's3:PutObject': 'write',
  's3:DeleteObject': 'remove',
  's3:ListBucket': 'list',
}

export const statusOf = (error: unknown) => (error as S3Failure).$metadata?.httpStatusCode
const isMissing = ({ name, $metadata }: S3Failure) =>
  ['NoSuchBucket', 'NoSuchKey', 'NotFound'].includes(name) || $metadata?.httpStatusCode === 404

function reason(failure: S3Failure, call: S3Call, server: string): string {
  const { name, message } = failure
  const status = failure.$metadata?.httpStatusCode
  const { settings } = call
  const elsewhere = failure.$response?.headers?.['x-amz-bucket-region'] ?? failure.Region
  if (elsewhere !== undefined && elsewhere !== settings.region)
    return `the bucket is in region ${elsewhere}, but ${settings.region} is set. Set AWS_REGION=${elsewhere}`
  if (status === 301 || name === 'PermanentRedirect' || name === 'IllegalLocationConstraintException')
    return `the bucket is not in region ${settings.region}. Set AWS_REGION to the one it is in`
  if (/^(CredentialsProviderError|TokenProviderError)$/.test(name) || /credential.*(missing|not.*load)/i.test(message))
    return (
      `no credentials were found${process.env.AWS_PROFILE ? ` for the profile ${JSON.stringify(process.env.AWS_PROFILE)}` : ''} (${sentence(message)}). Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE to a profile of ~/.aws; ` +
      'for a bucket that everybody may read set AWS_SKIP_SIGNATURE=true'
    )
  if (name === 'InvalidAccessKeyId')
    return `${server} does not know the access key. Check AWS_ACCESS_KEY_ID or AWS_PROFILE, and AWS_ENDPOINT_URL`
  if (name === 'SignatureDoesNotMatch') return `the secret key does not belong to the access key. Check AWS_SECRET_ACCESS_KEY`
  if (/^(ExpiredToken|ExpiredTokenException|InvalidToken|TokenRefreshRequired)$/.test(name))
    return 'the credentials have expired. Get new ones (aws sso login, or a new AWS_SESSION_TOKEN) and run the same command again'
  if (name === 'RequestTimeTooSkewed') return 'the clock of this machine is wrong by more than 15 minutes. Set it'
  if (status === 403)
    return (
      `access was denied${settings.anonymous ? ', unsigned (AWS_SKIP_SIGNATURE)' : ''}. It needs the permission ${call.action}` +
      `${call.action === 's3:GetObject' ? ' (and s3:ListBucket, without which a missing file looks the same)' : ''}` +
      `${settings.requesterPays ? '' : '; a bucket whose reader pays needs AWS_REQUEST_PAYER=requester'}`
    )
  if (name === 'InvalidRange' || status === 416) return 'the range that was asked for lies beyond its end'
  if (name === 'PreconditionFailed' || status === 412) return 'it changed while it was read. Run the same command again'
  if (status === undefined || status < 100)
    return `${server} cannot be reached (${failure.code ?? sentence(message)}). Check AWS_ENDPOINT_URL and the connection`
  const tries = (failure.$metadata?.attempts ?? 1) > 1 ? ` in ${failure.$metadata?.attempts} attempts` : ''
  if (status >= 500 || status === 429) return `${server} answered ${status} ${name}${tries}. Run the same command again later`
  return `${server} answered ${status} ${name} (${sentence(message)})`
}

const sentence = (message: string) => message.split('\n')[0]!.replace(/\.+$/, '').slice(0, 200)

/** Belt and braces: whatever a server or a library puts into its words. */
export function hideKeys(text: string, env: Record<string, string | undefined> = process.env): string {
  const secrets = [env.AWS_SECRET_ACCESS_KEY, env.AWS_SESSION_TOKEN].filter((secret) => secret !== undefined && secret.length >= 8)
  return secrets.reduce<string>((shown, secret) => shown.replaceAll(secret!, '***'), text).replace(/\b(Signature=)[0-9a-f]{16,}/gi, '$1***')
}
