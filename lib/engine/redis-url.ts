import { readFileSync } from 'node:fs'
import { invalidArgument, WordmaskError } from '../errors'

/** What ioredis connects with. */
export interface RedisAddress {
  host?: string
  port?: number
  /** Unix socket. */
  path?: string
  username?: string
  password?: string
  db: number
  tls?: { ca?: string }
  /** The URL without its password, for messages. */
  shown: string
}

// Written as a login, a password's place would be struck out of the message.
const expected =
  'redis://host[:port][/database], with user:password@ before the host where it asks for them, rediss:// for TLS, or unix:///path/redis.sock[?db=n]'

/**
 * Reads the address of a Redis server.
 * @param ca file with the certificates (PEM) that sign the server's; default: those that Node trusts
 * @throws ERR_WORDMASK_INVALID_ARGUMENT, ERR_WORDMASK_FILE_NOT_FOUND for the certificates
 */
export function parseRedisUrl(text: string, { ca }: { ca?: string } = {}): RedisAddress {
  const shown = withoutPassword(text)
  const [, scheme = ''] = /^([a-z+]+):\/\//i.exec(text) ?? []
  const kind = scheme.toLowerCase()
  if (ca !== undefined && kind !== 'rediss') throw invalidArgument('the queue', 'rediss:// with certificates of its own', shown)
  if (kind === 'unix' || kind === 'redis+unix') return { ...socket(text, shown), shown }
  if (kind !== 'redis' && kind !== 'rediss') throw invalidArgument('the queue', expected, shown)
  const url = parse(text, shown)
  if (url.hostname === '') throw invalidArgument('the queue', expected, shown)
  return {
    // An IPv6 address stands in brackets.
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 6379 : Number(url.port),
    ...credentials(url.username, url.password),
    db: database(url.pathname.replace(/^\//, ''), shown),
    ...(kind === 'rediss' && { tls: ca === undefined ? {} : { ca: readCertificates(ca) } }),
    shown,
  }
}

/** new URL knows no user without a host. */
function socket(text: string, shown: string): Omit<RedisAddress, 'shown'> {
  const [, user = '', password = '', path, db = ''] = /^[a-z+]+:\/\/(?:([^:@/]*)(?::([^/]*))?@)?(\/[^?]+)(?:\?db=(\d+))?$/i.exec(text) ?? []
  if (path === undefined) throw invalidArgument('the queue', "a socket's absolute path, as in unix:///run/redis.sock?db=1", shown)
  return { path: decodeURIComponent(path), ...credentials(user, password), db: database(db, shown) }
}

const credentials = (user: string, password: string) => ({
  ...(user !== '' && { username: decodeURIComponent(user) }),
  ...(password !== '' && { password: decodeURIComponent(password) }),
})

function parse(text: string, shown: string): URL {
  try {
    return new URL(text)
  } catch {
    throw invalidArgument('the queue', expected, shown)
  }
}

function database(text: string, shown: string): number {
  if (text === '') return 0
  if (/^\d{1,5}$/.test(text)) return Number(text)
  throw invalidArgument('the database of the queue', 'a number, as in redis://host/0', shown)
}

function readCertificates(file: string): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `Cannot read the certificates ${file}: ${(cause as Error).message}`, { cause })
  }
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text
  throw invalidArgument('the certificates', 'a PEM file (-----BEGIN CERTIFICATE-----)', file)
}

/** Messages and logs must not hold it. */
export const withoutPassword = (url: string): string => url.replace(/^([\w+]+:\/\/[^:@/]*):.*@/, '$1:***@')
