// The page on 127.0.0.1, with the captures that the user has named: for one user's browser and nobody else.
//
// Who may ask is settled by three things. A page of another site cannot: its requests have no path that exists here, as
// each begins with a random token. A site that makes its own name point to 127.0.0.1 (DNS rebinding) cannot: its requests
// carry its name as Host. Another user of this machine cannot: the token is not shown to him. What he can see, the
// arguments of the program that opens the browser, leads there once, and on Linux nobody but this user.
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { isOwnUser } from './loopback-peer.ts'

/** A capture or key log that the page may read. */
export interface Given {
  /** As it is shown. */
  name: string
  file: string
  size: number
}

export interface PageServer {
  /** Where the page is: who knows it can read what was given. */
  address: string
  /** Leads there once, for handing over where others can look on, as the arguments of a program. */
  entrance: string
  close(): void
}

const LOCAL = '127.0.0.1'

/** Files of the built page. Nothing else is served from its folder, and what feeds it only where there is food. */
const PAGE: readonly [name: string, type: string][] = [
  ['index.html', 'text/html; charset=utf-8'],
  ['page.js', 'text/javascript; charset=utf-8'],
  ['page.css', 'text/css; charset=utf-8'],
  ['feed.js', 'text/javascript; charset=utf-8'],
  ['THIRD-PARTY.txt', 'text/plain; charset=utf-8'],
]

/** As in index.html, and what can be said in a header alone. */
const POLICY = [
  `default-src 'none'`,
  `script-src 'self'`,
  `style-src 'self'`,
  `img-src data:`,
  `worker-src blob:`,
  `connect-src 'none'`,
  `base-uri 'none'`,
  `form-action 'none'`,
  `frame-ancestors 'none'`,
].join('; ')

/** The policy of a page that has been given something: it may start the worker of feed.js. */
const fedPolicy = (policy: string): string => policy.replace('worker-src blob:', "worker-src blob: 'self'")

const HEADERS: OutgoingHttpHeaders = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-DNS-Prefetch-Control': 'off',
  'Cache-Control': 'no-store',
}

/** What lies at a path. */
interface Served {
  headers: OutgoingHttpHeaders
  body: Uint8Array | Given
}

/**
 * Serves the page in `folder`; port 0 takes any that is free. Throws what the file system or the network says where the
 * page is not there or the port is not to be had.
 */
export async function servePage(folder: URL, given: readonly Given[], port: number): Promise<PageServer> {
  const root = `/${randomBytes(16).toString('base64url')}/`
  const entrances = new Set<string>()
  const served = new Map<string, Served>()
  const server = createServer((request, response) => {
    const status = refusalOf(request, hosts)
    if (status !== 0) return refuse(response, status)
    const path = request.url!
    if (entrances.has(path)) return void enter(request, response, path)
    const found = served.get(path)
    if (found === undefined) return refuse(response, 404)
    return send(request, response, 200, found.headers, found.body)
  })
  const enter = async (request: IncomingMessage, response: ServerResponse, path: string): Promise<void> => {
    if (!(await isOwnUser(request.socket)) || !entrances.delete(path)) return refuse(response, 404)
    return send(request, response, 302, { Location: root }, null)
  }
  const hosts: string[] = []
  const files = await Promise.all(PAGE.map(([name]) => readFile(new URL(name, folder))))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, LOCAL, resolve)
  })
  const { port: taken } = server.address() as AddressInfo
  server.on('error', () => {}) // a connection that could not be accepted, as for want of file descriptors
  hosts.push(`${LOCAL}:${taken}`, `localhost:${taken}`)
  if (taken === 80) hosts.push(LOCAL, 'localhost') // a browser leaves the port away (RFC 9110 section 4.2.1)

  for (const [i, [name, type]] of PAGE.entries()) {
    if (name === 'feed.js' && given.length === 0) continue
    served.set(root + name, { headers: { 'Content-Type': type }, body: files[i]! })
  }
  const names = given.map(({ name, size }, i) => ({ name, size, url: `captures/${i}` }))
  const index = served.get(`${root}index.html`)!
  served.set(root, index)
  if (given.length > 0) {
    served.set(root, {
      headers: { ...index.headers, 'Content-Security-Policy': fedPolicy(POLICY) },
      body: withNames(files[0]!, names),
    })
    served.get(`${root}feed.js`)!.headers['Content-Security-Policy'] =
      `default-src 'none'; connect-src ${hosts.map((host) => `http://${host}${root}captures/`).join(' ')}`
  }
  for (const [i, one] of given.entries()) {
    served.set(`${root}captures/${i}`, { headers: { 'Content-Type': 'application/octet-stream' }, body: one })
  }
  const origin = `http://${hosts[0]}`
  return {
    address: origin + root,
    get entrance() {
      const path = `/${randomBytes(16).toString('base64url')}`
      entrances.add(path)
      return origin + path
    },
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** The status to refuse a request with, 0 to answer it. */
function refusalOf({ method, headers }: IncomingMessage, hosts: readonly string[]): number {
  if (!hosts.includes(headers.host ?? '')) return 421 // Misdirected Request, RFC 9110 section 15.5.20
  return method === 'GET' || method === 'HEAD' ? 0 : 405
}

const REFUSALS: { readonly [status in number]: string } = {
  404: 'There is nothing here. Open the address that pcap-surgery printed.\n',
  405: 'Only GET and HEAD.\n',
  421: 'This server answers to 127.0.0.1 only.\n',
}

function refuse(response: ServerResponse, status: number): void {
  const body = REFUSALS[status]!
  const allow = status === 405 ? { Allow: 'GET, HEAD' } : {}
  response.writeHead(status, {
    ...HEADERS,
    ...allow,
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': body.length,
  })
  response.end(body)
}

function send(
  { method }: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders,
  body: Served['body'] | null,
): void {
  if (body !== null && 'file' in body) {
    void sendFile(response, headers, body, method === 'HEAD')
    return
  }
  response.writeHead(status, { ...HEADERS, ...headers, 'Content-Length': body?.length ?? 0 })
  response.end(method === 'HEAD' || body === null ? undefined : body)
}

/** What is no file any more must not keep us waiting: a pipe without a writer would. Windows has no such flag. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/** The file as long as it is now: it may grow. One that breaks off ends the connection. */
async function sendFile(
  response: ServerResponse,
  headers: OutgoingHttpHeaders,
  { file }: Given,
  isHead: boolean,
): Promise<void> {
  const handle = await open(file, READ).catch(() => null)
  if (handle === null) return refuse(response, 404)
  try {
    const found = await handle.stat()
    if (!found.isFile()) return refuse(response, 404)
    const { size } = found
    response.writeHead(200, { ...HEADERS, ...headers, 'Content-Length': size })
    if (isHead || size === 0) return void response.end()
    const content = handle.createReadStream({ end: size - 1, highWaterMark: 1 << 20, autoClose: false })
    await pipeline(content, response, { end: false })
    if (content.bytesRead < size) response.destroy()
    else response.end()
  } catch {
    response.destroy()
  } finally {
    await handle.close()
  }
}

/** The page, told in a block of data which captures it has been given, and allowed to have them. */
function withNames(page: Uint8Array, names: readonly object[]): Uint8Array {
  // A name may hold anything, also the end of the block.
  const data = JSON.stringify(names).replaceAll('<', '\\u003c')
  const html = fedPolicy(Buffer.from(page).toString('utf8'))
  return Buffer.from(
    html.replace('</head>', () => `  <script type="application/json" id="given">${data}</script>\n  </head>`),
  )
}
