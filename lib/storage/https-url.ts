import { WordmaskError } from '../errors'
import { redact } from '../redact'

/** Where a request goes: fetch takes no name and password within an address, so they travel beside it. */
export interface Address {
  /** As it was given, for the answer. */
  uri: string
  /** The same fit for a message. */
  shown: string
  url: string
  authorization?: string
}

/** @throws ERR_WORDMASK_INVALID_ARGUMENT */
export function httpAddress(uri: string): Address {
  const shown = redact(uri)
  let url: URL
  try {
    url = new URL(uri)
  } catch {
    throw new WordmaskError('ERR_WORDMASK_INVALID_ARGUMENT', `Expected an https:// address but received ${JSON.stringify(shown)}`)
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new WordmaskError(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      `Expected an https:// or http:// address but received ${JSON.stringify(shown)}`,
    )
  if (url.username === '' && url.password === '') return { uri, shown, url: url.href }
  const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  url.username = ''
  url.password = ''
  return { uri, shown, url: url.href, authorization: `Basic ${Buffer.from(login).toString('base64')}` }
}

/** One sentence for those behind a proxy, where it may be the cause; '' elsewhere. */
export function proxyAdvice(env: Record<string, string | undefined> = process.env): string {
  const proxy = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].find((name) => env[name])
  if (proxy === undefined || (env.NODE_USE_ENV_PROXY === '1' && major() >= 24)) return ''
  return ` ${proxy} is set but not used: Node ${process.versions.node} opens connections itself (Node 24 with NODE_USE_ENV_PROXY=1 uses it)`
}

const major = () => Number.parseInt(process.versions.node, 10)
