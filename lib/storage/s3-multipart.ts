import type { CompletedPart } from '@aws-sdk/client-s3'
import type { Connection } from './s3-client'
import type { S3Place } from './s3-settings'

/** Above this an object travels in parts, so that a broken connection costs one of them. */
export const partBytes = 64 * 2 ** 20
const atOnce = 3

/** The object appears when all its parts are there; after a failure nothing of it is left. */
export async function multipart(connection: Connection, place: S3Place, body: Uint8Array, signal?: AbortSignal): Promise<void> {
  const { client, sdk, payer } = connection
  const target = { Bucket: place.bucket, Key: place.key, ...payer }
  const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand(target), { abortSignal: signal })
  try {
    const parts: CompletedPart[] = []
    let next = 0
    let failed = false
    const worker = async () => {
      for (let at = next++; at * partBytes < body.length && !failed; at = next++) {
        const Body = body.subarray(at * partBytes, (at + 1) * partBytes)
        const { ETag } = await client.send(new sdk.UploadPartCommand({ ...target, UploadId, PartNumber: at + 1, Body }), {
          abortSignal: signal,
        })
        parts[at] = { PartNumber: at + 1, ETag }
      }
    }
    const fail = (error: unknown) => {
      failed = true
      throw error
    }
    // All have ended before a failure is cleaned up: a part that comes after that would stay, and be paid for.
    const ends = await Promise.allSettled(Array.from({ length: atOnce }, () => worker().catch(fail)))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    await client.send(new sdk.CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts: parts } }), {
      abortSignal: signal,
    })
  } catch (error) {
    await client.send(new sdk.AbortMultipartUploadCommand({ ...target, UploadId })).catch(() => {})
    throw error
  }
}
