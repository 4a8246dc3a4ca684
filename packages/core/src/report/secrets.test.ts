// A document is made to be passed on. What users send in confidence stays in the captures.
import type { ConnectionOptions } from 'node:tls'
import {
  documentOf,
  gateway,
  hpackFields,
  http2Data,
  http2Headers,
  http2Preface,
  http2Settings,
  join,
  network,
  request,
  response,
  type Tcp,
} from '@pcap-surgery/testkit'
import { expect, test } from 'vitest'
import { record, type Recording, TLS12, TLS13 } from '../../../../tools/openssl.ts'
import { nobleCrypto } from '../app/tls/crypto-noble.ts'
import { parseKeyLog } from '../app/tls/keylog.ts'
import type { Bytes } from '../bytes/read.ts'
import { observe } from '../observe/observe.ts'
import { correlate } from '../story/correlate.ts'
import { diagnose } from './diagnose.ts'

const headers = {
  Authorization: 'Basic hunter2',
  Cookie: 'session=hunter2',
  'Proxy-Authorization': 'hunter2',
  'X-Forwarded-For': '10.0.0.2',
}

const says =
  (text: string) =>
  (upstream: Tcp): Tcp =>
    upstream
      .handshake()
      .send('>', request('POST http://user:hunter2@app.example/report', headers, 'password=hunter2'))
      .wait(0.01)
      .send('<', text)
      .fin('>')

test.each([
  ['a good answer', response(200, 'hunter2', { 'Set-Cookie': 'session=hunter2' })],
  ['a gateway error', response(502, 'hunter2', { 'Set-Cookie': 'session=hunter2' })],
  ['TLS expected', response(400, 'plain HTTP request was sent to HTTPS port hunter2')],
  ['the rest of a body', 'hunter2 hunter2'],
  ['a cookie cut by a line end', 'HTTP/1.1 200 OK\r\nSet-Cookie: session=\nhunter2\r\n\r\n'],
  ['a cookie cut before a colon', 'HTTP/1.1 200 OK\r\nSet-Cookie: session=\n(hunter2): 1\r\n\r\n'],
  ['a chunk that does not end', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhunter2\r\n'],
])('%s', async (_what, text) => {
  const ask = 'POST http://user:hunter2@app.example/report'
  const { front, back } = gateway({ ask, body: 'password=hunter2', attempts: [says(text)], answer: 502 })
  const document = await documentOf(front, back)
  expect(document.incidents).toHaveLength(1)
  expect(JSON.stringify(document)).not.toContain('hunter2')
})

// The same behind TLS, where only the keys bring the secrets to light.

const BODY = 'password=hunter2'

const http1 = {
  request: request('POST /report', { ...headers, Host: 'user:hunter2@app.example' }, BODY),
  alpn: 'http/1.1',
}

const lowerCase = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
const pseudo = { ':method': 'POST', ':scheme': 'https', ':path': '/report', ':authority': 'user:hunter2@app.example' }
const http2 = {
  request: join(
    http2Preface,
    http2Settings(),
    http2Headers(1, hpackFields({ ...pseudo, ...lowerCase })),
    http2Data(1, BODY, 'END_STREAM'),
  ),
  alpn: 'h2',
}

const inHttp2 = (fields: Record<string, string>, body = 'hunter2'): Bytes =>
  join(http2Settings(), http2Headers(1, hpackFields(fields)), http2Data(1, body, 'END_STREAM'))

const BAD_GATEWAY = response(502, 'hunter2', { Server: 'nginx', 'Set-Cookie': 'session=hunter2' })
const BAD_GATEWAY_2 = inHttp2({ ':status': '502', server: 'nginx', 'set-cookie': 'session=hunter2' })

type Leg = [asks: typeof http1 | typeof http2, answer: string | Bytes, version: ConnectionOptions]

const spoken = ([{ request: asked, alpn }, answer, version]: Leg): Promise<Recording> =>
  record({ ...version, ALPNProtocols: [alpn] }, { ALPNProtocols: [alpn] }, { request: asked, answer })

const say = (tcp: Tcp, sent: Recording['sent']): void => {
  for (const [from, bytes] of sent) tcp.send(from === 0 ? '>' : '<', bytes)
}

/** A request over the front leg; one try over the back leg, which the upstream ends; the answer. */
function captured(front: Recording, back: Recording): Bytes[] {
  const net = network()
  const client = net.tcp(net.host('client', '10.0.0.2'), net.host('proxy-front', '10.0.0.1'), 443)
  const upstream = net.tcp(net.host('proxy-back', '10.1.0.1'), net.host('upstream', '10.1.0.2'), 8443)
  say(client.handshake(), front.sent.slice(0, front.asked))
  say(upstream.handshake(), back.sent)
  upstream.fin('<')
  say(client, front.sent.slice(front.asked))
  return [net.capture('proxy-front'), net.capture('proxy-back')]
}

async function* whole(bytes: Bytes): AsyncGenerator<Bytes> {
  yield bytes
}

test.each<[what: string, front: Leg, back: Leg]>([
  ['HTTP/1, a good answer', [http1, BAD_GATEWAY, TLS13], [http1, response(200, 'hunter2', headers), TLS13]],
  ['HTTP/1, a gateway error', [http1, BAD_GATEWAY, TLS12], [http1, BAD_GATEWAY, TLS12]],
  ['HTTP/1, the rest of a body', [http1, BAD_GATEWAY, TLS13], [http1, 'hunter2 hunter2', TLS12]],
  [
    'HTTP/1, a cut cookie',
    [http1, BAD_GATEWAY, TLS12],
    [http1, 'HTTP/1.1 200 OK\r\nSet-Cookie: a=\nhunter2\r\n', TLS13],
  ],
  ['HTTP/2, a gateway error', [http2, BAD_GATEWAY_2, TLS13], [http2, BAD_GATEWAY_2, TLS13]],
  [
    'HTTP/2, a malformed field',
    [http2, BAD_GATEWAY_2, TLS12],
    [http2, inHttp2({ ':status': '200', 'set-cookie': 'hunter2\r\n' }), TLS12],
  ],
  [
    'HTTP/2, a body too long',
    [http2, BAD_GATEWAY_2, TLS12],
    [http2, inHttp2({ ':status': '200', 'content-length': '2' }), TLS12],
  ],
])('decrypted: %s', async (_what, ...legs) => {
  const [front, back] = [await spoken(legs[0]), await spoken(legs[1])]
  const log = front.keyLog + back.keyLog
  const options = {
    decompression: { gzip: (source: AsyncIterable<Bytes>) => source },
    keys: parseKeyLog(log),
    crypto: nobleCrypto,
  }
  const inputs = captured(front, back).map((bytes, n) => [{ file: `${n}.pcap`, open: () => whole(bytes) }])
  const observations = await Promise.all(inputs.map((files) => observe(files, options)))
  const document = diagnose(correlate(observations))
  expect(document.incidents).toMatchObject([{ status: 502, path: '/report' }])
  expect(JSON.stringify(document)).not.toContain('hunter2')
  const secrets = log
    .trim()
    .split('\n')
    .map((line) => line.split(' ')[2])
  expect(secrets.filter((secret) => JSON.stringify([observations, document]).includes(secret))).toEqual([])
})
