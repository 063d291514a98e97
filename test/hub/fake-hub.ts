import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface FakeRepository {
  commit: string
  /** Files above 100 bytes are "large": their etag is a sha256 and they redirect to the file server. */
  files: Record<string, string | Buffer>
  card?: Record<string, unknown>
  tags?: string[]
  /** Answers without this token are 401, with it 200. */
  token?: string
}

export interface Seen {
  method: string
  host: 'hub' | 'files'
  path: string
  authorization: string | undefined
  range: string | undefined
}

/** Called before an answer; true when it has answered itself. */
export type Trouble = (seen: Seen, response: ServerResponse) => boolean

export const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex')
export const gitSha1 = (data: Buffer) => createHash('sha1').update(`blob ${data.length}\0`).update(data).digest('hex')
export const etagOf = (data: Buffer) => (data.length > 100 ? sha256(data) : gitSha1(data))

/** Two servers with the Hub's paths: the hub itself, and another origin that serves the large files. */
export class FakeHub {
  readonly repositories: Record<string, FakeRepository> = {}
  /** OpenAI's paths: <sha256>/<file>, on the file server. */
  readonly blobs: Record<string, Buffer> = {}
  readonly seen: Seen[] = []
  trouble: Trouble = () => false
  private hub!: Server
  private fileServer!: Server

  static async start(): Promise<FakeHub> {
    const fake = new FakeHub()
    const listen = (host: Seen['host']) =>
      new Promise<Server>((resolve) => {
        const server: Server = createServer((request, response) => fake.answer(host, request, response)).listen(0, '127.0.0.1', () =>
          resolve(server),
        )
      })
    fake.hub = await listen('hub')
    fake.fileServer = await listen('files')
    return fake
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.hub.address() as AddressInfo).port}`
  }

  get files(): string {
    return `http://127.0.0.1:${(this.fileServer.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    for (const server of [this.hub, this.fileServer]) {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }

  /** Requests for the content of a file, as ['GET files', range]. */
  fetched(file: string): (string | undefined)[][] {
    return this.seen
      .filter(({ method, path }) => method === 'GET' && path.endsWith(file) && !path.includes('/resolve/'))
      .map(({ host, range }) => [host, range])
  }

  private answer(host: Seen['host'], request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent(request.url ?? '')
    const { authorization, range } = request.headers
    const seen = { method: request.method ?? '', host, path, authorization, range }
    this.seen.push(seen)
    if (this.trouble(seen, response)) return
    if (host === 'files') this.sendFile(request, response, path)
    // A renamed repository, as the Hub answers it: a relative redirect to the new name.
    else if (path.includes('/old/')) redirect(response, 307, path.replace('/old/', '/org/'))
    else if (path.startsWith('/api/models/')) this.sendModel(request, response, path)
    else this.resolve(request, response, path)
  }

  private sendModel(request: IncomingMessage, response: ServerResponse, path: string): ServerResponse {
    const [, repo = '', revision = ''] = /^\/api\/models\/(.+)\/revision\/(.+)$/.exec(path) ?? []
    const found = this.repositories[repo]
    if (!found) return error(response, 401, 'RepoNotFound', 'Repository not found')
    if (found.token && request.headers.authorization !== `Bearer ${found.token}`)
      return error(response, 401, 'GatedRepo', 'Access to this model is restricted')
    if (revision !== 'main' && revision !== found.commit) return error(response, 404, 'RevisionNotFound', 'Invalid rev id')
    const siblings = Object.keys(found.files).map((rfilename) => ({ rfilename }))
    response.setHeader('content-type', 'application/json')
    return response.end(
      JSON.stringify({ id: repo, sha: found.commit, siblings, cardData: found.card, tags: found.tags, gated: Boolean(found.token) }),
    )
  }

  private resolve(request: IncomingMessage, response: ServerResponse, path: string): ServerResponse {
    const [, repo = '', commit = '', file = ''] = /^\/(.+?)\/(?:resolve|direct)\/([^/]+)\/(.+)$/.exec(path) ?? []
    const found = this.repositories[repo]
    const content = found && [found.commit, 'main'].includes(commit) ? found.files[file] : undefined
    if (found?.token && request.headers.authorization !== `Bearer ${found.token}`)
      return error(response, 401, 'GatedRepo', 'Access to this model is restricted')
    if (content === undefined) return error(response, 404, 'EntryNotFound', 'Entry not found')
    const data = Buffer.from(content as string)
    response.setHeader('x-repo-commit', (found as FakeRepository).commit)
    if (data.length <= 100) {
      response.setHeader('etag', `"${etagOf(data)}"`)
      if (path.includes('/resolve/') && request.method === 'GET') return redirect(response, 307, path.replace('/resolve/', '/direct/'))
      return body(request, response, data)
    }
    response.setHeader('x-linked-etag', `"${etagOf(data)}"`)
    response.setHeader('x-linked-size', data.length)
    response.setHeader('etag', '"of-the-redirect"')
    return redirect(response, 302, `${this.files}/${repo}/${file}`)
  }

  private sendFile(request: IncomingMessage, response: ServerResponse, path: string): ServerResponse {
    if (this.blobs[path.slice(1)]) return body(request, response, this.blobs[path.slice(1)]!)
    const [, repo = '', file = ''] = /^\/([^/]+\/[^/]+)\/(.+)$/.exec(path) ?? []
    const content = this.repositories[repo]?.files[file]
    if (content === undefined) return error(response, 404, '', '')
    return body(request, response, Buffer.from(content as string))
  }
}

export function body(request: { headers: { range?: string } }, response: ServerResponse, data: Buffer): ServerResponse {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  if (from >= data.length && from > 0) return error(response, 416, '', '')
  if (from > 0) {
    response.statusCode = 206
    response.setHeader('content-range', `bytes ${from}-${data.length - 1}/${data.length}`)
  }
  response.setHeader('content-length', data.length - from)
  return response.end(data.subarray(from))
}

export function error(response: ServerResponse, status: number, code: string, message: string): ServerResponse {
  response.writeHead(status, { 'x-error-code': code, 'x-error-message': message, 'content-length': 0 })
  return response.end()
}

function redirect(response: ServerResponse, status: number, location: string): ServerResponse {
  response.statusCode = status
  response.setHeader('location', location)
  return response.end('a page that says where to go')
}
