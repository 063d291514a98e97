/**
 * `text` without the secrets of the URIs in it: who logs in (`scheme://***@host`) and the values of query parameters that sign or
 * unlock (`X-Amz-Signature`, `token`, `sig`, ...). For messages and for files that tell how something was made.
 */
export function redact(text: string): string {
  return text
    .replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'<>]*@/gi, '$1***@')
    .replace(/([?&;][^\s=&#"'<>]*(?:sig|token|key|secret|pass|pwd|auth|credential|policy|session)[^\s=&#"'<>]*=)[^\s&#"'<>]+/gi, '$1***')
}

/** Every string of a value that JSON can hold, in place of itself. */
export function redactAll<T>(value: T): T {
  if (typeof value === 'string') return redact(value) as T
  if (Array.isArray(value)) return value.map(redactAll) as T
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, redactAll(inner)])) as T
}

/** Whether `redact` took something out of it. */
export function isRedacted(text: string): boolean {
  return /:\/\/\*\*\*@|[?&;][^\s=&]*=\*\*\*/.test(text)
}

/** Parameters that come with a signature and mean nothing without it: Amazon's, Google's, CloudFront's, Azure's. */
const besideSignature = /^(x-(amz|goog)-.*|expires|s[vterpsi]|srt|spr|sip|sk[a-z]+)$/i

/** A web address without its login and its signature: another signature of the same file leaves the same. Other URIs as they are. */
export function unsigned(uri: string): string {
  const shown = /^https?:/i.test(uri) ? redact(uri) : uri
  if (!isRedacted(shown)) return uri
  const [, file = '', query = '', fragment = ''] = /^([^?#]*)(?:\?([^#]*))?(.*)$/s.exec(shown.replace('://***@', '://')) ?? []
  const all = query.split('&').filter((one) => one !== '')
  const signed = all.some((one) => one.endsWith('=***'))
  const left = all.filter((one) => !signed || !(one.endsWith('=***') || besideSignature.test(one.split('=', 1)[0]!)))
  return `${file}${left.length > 0 ? '?' : ''}${left.join('&')}${fragment}`
}
