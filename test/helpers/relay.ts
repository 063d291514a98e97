import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { breakOff } from '../storage/web'

export interface Seen {
  method: string
  path: string
  headers: IncomingMessage['headers']
}

/** True where it has answered itself; the count is of requests so far, from 1. */
export type Trouble = (seen: Seen, response: ServerResponse, count: number) => boolean | undefined

/** Stands before a server, counts the bytes of bodies, and can be told to misbehave. */
export class Relay {
  readonly seen: Seen[] = []
  bytesRead = 0
  trouble: Trouble = () => false
  /** True: the request reaches the server, but its answer gets lost. */
  lose: (seen: Seen) => boolean = () => false
  /** Bodies break after so many bytes, as often as there are numbers, and not before `taken` says that the reader has them. */
  readonly breaks: number[] = []
  taken: () => boolean = () => true
  private constructor(
    readonly target: string,
    private readonly server: ReturnType<typeof createServer>,
  ) {}

  static async start(target: string): Promise<Relay> {
    let relay: Relay
    const server = createServer((incoming, outgoing) => relay.forward(incoming, outgoing))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    relay = new Relay(target, server)
    return relay
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  reset(): void {
    this.seen.length = 0
    this.breaks.length = 0
    this.taken = () => true
    this.bytesRead = 0
    this.trouble = () => false
    this.lose = () => false
  }

  async close(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }

  private forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const seen = { method: incoming.method ?? '', path: incoming.url ?? '', headers: incoming.headers }
    this.seen.push(seen)
    if (this.trouble(seen, outgoing, this.seen.length)) return
    const { host: _, ...headers } = incoming.headers
    const lost = this.lose(seen)
    const { hostname, port } = new URL(this.target)
    const upstream = request({ hostname, port, path: seen.path, method: seen.method, headers }, (answer) => {
      if (lost) {
        answer.resume().on('end', () => outgoing.destroy())
        return
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      let left =
        seen.method === 'GET' && answer.statusCode! < 300 ? (this.breaks.shift() ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY
      answer.on('data', (chunk: Buffer) => {
        if (outgoing.destroyed) return
        const sent = chunk.subarray(0, left)
        left -= sent.length
        this.bytesRead += sent.length
        if (left > 0) outgoing.write(sent)
        else outgoing.write(sent, () => void breakOff(outgoing, this.taken))
      })
      answer.on('end', () => left > 0 && outgoing.end())
    })
    upstream.on('error', () => outgoing.destroy())
    incoming.pipe(upstream)
  }
}

/** An error in the words of S3. */
export function s3Refusal(
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): true {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`
  response.writeHead(status, { 'content-type': 'application/xml', ...headers }).end(body)
  return true
}
