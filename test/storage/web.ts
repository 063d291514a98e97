import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** `count`: how often this path was asked for, from 1. */
export type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void

/** A web server of files that know ranges, and of handlers that misbehave. */
export class Web {
  readonly seen: IncomingMessage[] = []
  private constructor(
    readonly paths: Record<string, Buffer | Handler>,
    private readonly server: Server,
  ) {}

  static async start(paths: Record<string, Buffer | Handler> = {}): Promise<Web> {
    let web: Web
    const server = createServer((request, response) => web.answer(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    web = new Web(paths, server)
    return web
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`
  }

  /** What was asked of a path: method and range. */
  asked(path: string): string[] {
    return this.seen
      .filter(({ url }) => url?.split('?')[0] === path)
      .map(({ method, headers }) => `${method} ${headers.range ?? ''}`.trim())
  }

  async close(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    this.seen.push(request)
    const path = request.url!.split('?')[0]!
    const found = this.paths[path] ?? this.paths[decodeURIComponent(path)]
    if (found === undefined) response.writeHead(404).end('no such file here')
    else if (Buffer.isBuffer(found)) serve(request, response, found)
    else found(request, response, this.asked(path).length)
  }
}

export function rangeOf(request: IncomingMessage, length: number): [start: number, end: number] | undefined {
  const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
  return match ? [Number(match[1]), match[2] === '' ? length - 1 : Math.min(Number(match[2]), length - 1)] : undefined
}

/**
 * As a good server does. `breakAfter`: the connection ends after so many bytes of the body, and not before `taken` says that the
 * reader has them: what came but was not read yet is lost with a connection.
 */
export function serve(
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
  { etag = '"one"', breakAfter = -1, taken = () => true }: { etag?: string; breakAfter?: number; taken?: () => boolean } = {},
): void {
  const range = rangeOf(request, body.length)
  if (range && range[0] >= body.length) {
    response.writeHead(416, { 'content-range': `bytes */${body.length}` }).end()
    return
  }
  const part = range ? body.subarray(range[0], range[1] + 1) : body
  const headers = { etag, 'content-length': part.length, 'accept-ranges': 'bytes' }
  if (range) response.writeHead(206, { ...headers, 'content-range': `bytes ${range[0]}-${range[1]}/${body.length}` })
  else response.writeHead(200, headers)
  if (request.method === 'HEAD') response.end()
  else if (breakAfter < 0) response.end(part)
  else response.write(part.subarray(0, breakAfter), () => void breakOff(response, taken))
}

/** Ends the connection of an answer under way. */
export async function breakOff(response: ServerResponse, taken: () => boolean): Promise<void> {
  do await delay(20)
  while (!taken() && !response.destroyed)
  response.destroy()
}

/** `onBytes` is told how many there are so far. */
export async function collect(pieces: AsyncIterable<Uint8Array>, onBytes: (bytes: number) => void = () => {}): Promise<Buffer> {
  const all: Uint8Array[] = []
  let bytes = 0
  for await (const piece of pieces) {
    all.push(piece)
    onBytes((bytes += piece.length))
  }
  return Buffer.concat(all)
}

/** Bytes that are the same in every run. */
export function noise(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length)
  let state = seed >>> 0
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}
