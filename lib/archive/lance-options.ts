import { s3Settings } from '../storage/s3-settings'

/**
 * `storageOptions` of a LanceDB connection at `uri`, from the variables and files that the S3 store reads. Keys are not among
 * them: Lance finds those itself, by the same rules, and renews them when they expire. Empty for a folder.
 */
export async function lanceOptions(uri: string): Promise<Record<string, string>> {
  if (!uri.startsWith('s3://')) return {}
  const { endpoint, region, pathStyle, anonymous, requesterPays, attempts } = await s3Settings()
  return {
    aws_region: region,
    client_max_retries: String(attempts - 1),
    ...(endpoint === undefined
      ? {}
      : {
          aws_endpoint: endpoint,
          aws_virtual_hosted_style_request: String(!pathStyle),
          allow_http: String(endpoint.startsWith('http://')),
        }),
    ...(anonymous ? { aws_skip_signature: 'true' } : {}),
    ...(requesterPays ? { aws_request_payer: 'true' } : {}),
  }
}
