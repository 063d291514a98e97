import { createHash, webcrypto } from 'node:crypto'

/** Larger files are hashed on the thread pool: 1 MB takes this thread 2 ms. */
const hashedHere = 256 * 1024

/** sha256 of a file's bytes, hex. */
export async function sha256Bytes(bytes: Uint8Array): Promise<string> {
  if (bytes.length <= hashedHere) return createHash('sha256').update(bytes).digest('hex')
  const digest = await webcrypto.subtle.digest('SHA-256', bytes)
  return Buffer.from(digest).toString('hex')
}

/** The first 64 bits of a sha256, signed: a key that an index of whole numbers can hold. Who joins by it compares the text, too. */
export function hash64(text: string): bigint {
  return createHash('sha256').update(text).digest().readBigInt64LE(0)
}

/** Says which content a row holds: another image under the same id has another. */
export function rowHash(row: { id: string; sha256: string }): bigint {
  return hash64(`${row.id}\n${row.sha256}`)
}
