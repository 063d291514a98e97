import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void

/** An HTTP server of one file that knows ranges, and can be told to misbehave. */
export async function serve(
  body: Buffer,
  misbehave?: Handler,
): Promise<{ url: string; requests: IncomingMessage[]; close(): Promise<void> }> {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    if (misbehave) misbehave(request, response, requests.length)
    if (!response.headersSent && !response.writableEnded && !response.destroyed) answer(request, response, body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/libtorch.zip`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

export const ETAG = '"one"'

export function answer(request: IncomingMessage, response: ServerResponse, body: Buffer, etag = ETAG): void {
  const start = request.headers['if-range'] === etag ? Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0
  response.writeHead(start > 0 ? 206 : 200, { etag, 'content-length': body.length - start, 'accept-ranges': 'bytes' })
  response.end(body.subarray(start))
}

/** Sends the first `bytes` of what is asked for under the full length, then breaks the connection. */
export function breakAfter(request: IncomingMessage, response: ServerResponse, body: Buffer, bytes: number): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  response.writeHead(start > 0 ? 206 : 200, { etag: ETAG, 'content-length': body.length - start })
  response.write(body.subarray(start, start + bytes), () => setTimeout(() => response.destroy(), 20))
}
