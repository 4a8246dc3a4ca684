// The archive as its readers rely on it: against HAR 1.2 as it is written down, and against the story it is made from.
import { gateway, http2Open, http2Request, http2Response, request, response } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'
import { areThere, observed, scenarioNames } from '../../../../../tools/labelled.ts'
import type { Bytes } from '../../bytes/read.ts'
import { observe } from '../../observe/observe.ts'
import { correlate } from '../../story/correlate.ts'
import type { Story } from '../../story/story.ts'
import { diagnose } from '../diagnose.ts'
import type { DiagnosisDocument } from '../document.ts'
import { harOf } from './har.ts'

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }
type Fields = { [name: string]: Json }

/** An entry as read back, the fields that are asked for below. */
interface Entry extends Fields {
  startedDateTime: string
  time: number
  request: Fields & { url: string; queryString: { name: string; value: string }[]; headers: Fields[] }
  response: Fields
  timings: { [phase: string]: number }
}

interface Archive {
  log: { version: string; comment: string; entries: Entry[]; _captures: Json }
}

/** Fields that HAR 1.2 demands, and the types of all that it names. */
const DEMANDED: { [place: string]: { [field: string]: string } } = {
  log: { version: 'string', creator: 'object', entries: 'array' },
  creator: { name: 'string', version: 'string' },
  entry: {
    startedDateTime: 'string',
    time: 'number',
    request: 'object',
    response: 'object',
    cache: 'object',
    timings: 'object',
  },
  request: {
    method: 'string',
    url: 'string',
    httpVersion: 'string',
    cookies: 'array',
    headers: 'array',
    queryString: 'array',
    headersSize: 'number',
    bodySize: 'number',
  },
  response: {
    status: 'number',
    statusText: 'string',
    httpVersion: 'string',
    cookies: 'array',
    headers: 'array',
    content: 'object',
    redirectURL: 'string',
    headersSize: 'number',
    bodySize: 'number',
  },
  content: { size: 'number', mimeType: 'string' },
  pair: { name: 'string', value: 'string' },
  timings: { send: 'number', wait: 'number', receive: 'number' },
}
const OPTIONAL: { [place: string]: string[] } = {
  log: ['comment'],
  entry: ['serverIPAddress', 'connection'],
  timings: ['blocked', 'dns', 'connect', 'ssl'],
}

const typeOf = (value: Json | undefined): string => (Array.isArray(value) ? 'array' : typeof value)

/** What breaks the format, a line each. */
function faultsOf({ log }: Archive): string[] {
  const faults: string[] = []
  const check = (place: string, value: Fields): void => {
    const demanded = DEMANDED[place]!
    for (const [field, type] of Object.entries(demanded)) {
      if (typeOf(value[field]) !== type) faults.push(`${place}.${field} is ${typeOf(value[field])}`)
    }
    for (const [field, own] of Object.entries(value)) {
      const isNamed = field in demanded || OPTIONAL[place]?.includes(field) === true
      if (!isNamed && !field.startsWith('_')) faults.push(`${place}.${field} is no field of HAR`)
      if (typeof own === 'number' && !Number.isFinite(own)) faults.push(`${place}.${field} is no number`)
    }
  }
  check('log', log as unknown as Fields)
  check('creator', (log as unknown as Fields).creator as Fields)
  let before = ''
  for (const entry of log.entries) {
    const { startedDateTime, time, request: asked, response: answer, timings } = entry
    check('entry', entry)
    check('request', asked)
    check('response', answer)
    check('content', answer.content as Fields)
    for (const pair of [...asked.headers, ...asked.queryString, ...(answer.headers as Fields[])]) check('pair', pair)
    check('timings', timings)
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(startedDateTime)) faults.push(`time ${startedDateTime}`)
    if (startedDateTime < before) faults.push(`${startedDateTime} after ${before}`)
    before = startedDateTime
    const sum = Object.entries(timings).reduce((all, [name, ms]) => all + (name === 'ssl' ? 0 : Math.max(0, ms)), 0)
    if (Math.abs(sum - time) > 1e-5) faults.push(`phases of ${sum} ms in ${time}`)
    if (timings.ssl! > timings.connect!) faults.push('ssl is no part of connect')
    for (const phase of ['send', 'wait', 'receive'])
      if (!(timings[phase]! >= 0)) faults.push(`${phase} of ${timings[phase]}`)
    if (!URL.canParse(asked.url) || /[^\x21-\x7e]/.test(asked.url)) faults.push(`url ${asked.url}`)
  }
  return faults
}

async function* whole(bytes: Bytes): AsyncGenerator<Bytes> {
  yield bytes
}

async function storyOf(...captures: Bytes[]): Promise<Story> {
  const inputs = captures.map((bytes, n) => [{ file: `${n}.pcap`, open: () => whole(bytes) }])
  return correlate(await Promise.all(inputs.map((files) => observe(files, { decompression: { gzip: (s) => s } }))))
}

function archived(story: Story, document: DiagnosisDocument = diagnose(story), showSecrets = false): Archive {
  const text = [...harOf(story, document, { creator: { name: 'test', version: '1' }, showSecrets })].join('')
  const archive = JSON.parse(text) as Archive
  expect(faultsOf(archive)).toEqual([])
  return archive
}

const entriesOf = async (...captures: Bytes[]): Promise<Entry[]> => archived(await storyOf(...captures)).log.entries

test('an entry a leg, with its phases, its frames, and what it failed by', async () => {
  const { front, back } = gateway({
    attempts: [(upstream, asked) => upstream.handshake().send('>', asked).wait(2).rst('<')],
    answer: 502,
    upstream: { rtt: 0.01 },
  })
  const [client, upstream, ...more] = await entriesOf(front, back)
  expect(more).toEqual([])
  expect(client).toMatchObject({
    request: { method: 'GET', httpVersion: 'HTTP/1.1' },
    response: { status: 502, httpVersion: 'HTTP/1.1' },
    _leg: 'client',
    _cause: 'reset-before-response',
    _incident: '1',
    _capture: 0,
  })
  expect(upstream).toMatchObject({
    response: { status: 0, bodySize: -1, headersSize: -1 },
    timings: { dns: -1, ssl: -1, receive: 0 },
    serverIPAddress: '10.1.0.2',
    _leg: 'upstream',
    _cause: 'reset-before-response',
    _error: 'no response was seen',
  })
  expect(upstream!.timings.connect).toBeCloseTo(10, 0)
  expect(upstream!.timings.wait).toBeCloseTo(2010, 0)
  expect(client!.timings.wait).toBeGreaterThan(2000)
})

test('seen by two captures, an exchange is one entry with the frames of both', async () => {
  const { front, net } = gateway({
    attempts: [(upstream, asked) => upstream.handshake().send('>', asked).send('<', response(200, 'fine'))],
    answer: response(200, 'fine'),
  })
  const entries = await entriesOf(net.capture('client'), front, net.capture('proxy-back'), net.capture('upstream'))
  expect(entries.map(({ _leg, _frames }) => [_leg, (_frames as Json[]).length])).toEqual([
    ['client', 2],
    ['upstream', 2],
  ])
})

test('the retry that hid a failure has no cause', async () => {
  const { front, back } = gateway({
    attempts: [
      (upstream, asked) => upstream.handshake().send('>', asked).rst('<'),
      (upstream, asked) => upstream.handshake().send('>', asked).send('<', response(200, 'fine')),
    ],
    answer: response(200, 'fine'),
  })
  const entries = await entriesOf(front, back)
  expect(entries.map(({ response: { status }, _incident, _cause }) => [status, _incident, _cause])).toEqual([
    [200, 'm1', undefined],
    [0, 'm1', 'reset-before-response'],
    [200, 'm1', undefined],
  ])
})

test('chunked, cut off, and still going on', async () => {
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
  const { front, back } = gateway({
    ask: 'GET /whole',
    attempts: [
      (upstream, asked) => upstream.handshake().send('>', asked).send('<', `${chunked}4\r\nfine\r\n0\r\n\r\n`),
    ],
    answer: (client) => client.send('<', `${chunked}8\r\nhalf`).wait(1).fin('<'),
  })
  const [cut, all] = await entriesOf(front, back)
  expect(all).toMatchObject({ response: { bodySize: 4, headersSize: chunked.length }, _ended: 'complete' })
  expect(all).not.toHaveProperty('_unseen')
  expect(cut).toMatchObject({ response: { bodySize: 4 }, _ended: 'truncated' })
  const { front: open } = gateway({ attempts: [], answer: (client) => client.send('<', `${chunked}8\r\nhalf`) })
  expect((await entriesOf(open))[0]).toMatchObject({ _ended: 'open', _unseen: ['receive'] })
})

test('each stream of HTTP/2 is an entry', async () => {
  const { front, back } = gateway({
    attempts: [
      (upstream) =>
        http2Open(upstream)
          .send('>', http2Request(1))
          .send('>', http2Request(3, '/other'))
          .wait(0.5)
          .send('<', http2Response(3))
          .send('<', http2Response(1)),
    ],
    answer: response(200, 'fine'),
  })
  const streams = (await entriesOf(front, back)).filter(({ _protocol }) => _protocol === 'http2')
  expect(streams.map(({ request: { url, httpVersion }, _stream }) => [url, httpVersion, _stream])).toEqual([
    ['http://app.example/report', 'HTTP/2', 1],
    ['http://app.example/other', 'HTTP/2', 3],
  ])
  expect(new Set(streams.map(({ connection }) => connection)).size).toBe(1)
})

test.each([
  ['/a?token=SECRET&page=2&X-Amz-Signature=SECRET&accessKeyId=SECRET', '/a?token=REDACTED&page=2'],
  ['/a;jsessionid=SECRET/b?q=1', '/a;jsessionid=REDACTED/b?q=1'],
  ['/login?redirect_uri=https%3A%2F%2Fx.example%2F%3Fcode%3DSECRET&x=1', '/login?redirect_uri=REDACTED&x=1'],
  ['/a?password=SEC%ZZSECRET?SECRET#SECRET', '/a?password=REDACTED'],
  ['/a?x=1;session=SECRET;SECRET', '/a?x=1;session=REDACTED'],
])('secrets stay at home: %s', async (target, shown) => {
  const { front, back } = gateway({
    ask: `GET ${target}`,
    attempts: [(upstream, asked) => upstream.handshake().send('>', asked).rst('<')],
    answer: response(502, '', {
      Location: 'https://user:SECRET@sso.example/cb#access_token=SECRET',
      'Set-Cookie': 'id=SECRET',
      Server: 'nginx',
    }),
  })
  const story = await storyOf(front, back)
  const document = diagnose(story)
  const { log } = archived(story, document)
  expect(JSON.stringify(log)).not.toContain('SECRET')
  expect(log.entries[0]!.request.url).toContain(shown)
  expect(log.comment).toContain('REDACTED')
  expect(JSON.stringify(archived(story, document, true))).toContain('SECRET')
})

test('what a fault quotes has no secrets either', async () => {
  const { front } = gateway({
    ask: 'GET /a?token=SECRET oops',
    attempts: [],
    answer: 'HTTP/1.1 4o0 https://a/?token=SECRET\r\nX: y\r\n\r\n',
  })
  const { log } = archived(await storyOf(front))
  expect(log.entries.some(({ _fault }) => _fault !== undefined)).toBe(true)
  expect(JSON.stringify(log)).not.toContain('SECRET')
})

test('hostile texts are texts', async () => {
  const { front } = gateway({
    ask: 'GET /\u0001"\\<script>\u00e9\u0085?a=%00%ff&b="x"&=&c',
    attempts: [],
    answer: 'HTTP/1.1 503 \u001b[2J\u202e\r\nServer: "}]\u0000\r\nContent-Length: 0\r\n\r\n',
  })
  const [entry] = await entriesOf(front)
  expect(entry!.request.queryString.map(({ name }) => name)).toEqual(['a', 'b', '', 'c'])
})

test('a host that is none is not taken into the URL', async () => {
  const { net, hosts } = gateway({ attempts: [], answer: 200 })
  net
    .tcp(hosts.client, hosts.front, 80)
    .handshake()
    .send('>', request('GET /x', { Host: 'evil/@ other' }))
    .send('<', response(200, 'fine'))
  const entries = await entriesOf(net.capture('proxy-front'))
  expect(entries.at(-1)!.request.url).toBe('http://10.0.0.1:80/x')
})

test('long archives come in pieces', async () => {
  const { net, hosts } = gateway({ attempts: [], answer: 200 })
  const client = net.tcp(hosts.client, hosts.front, 80).handshake()
  for (let i = 0; i < 300; i++) client.send('>', request(`GET /${i}`)).send('<', response(200, 'fine'))
  const story = await storyOf(net.capture('proxy-front'))
  const pieces = [...harOf(story, diagnose(story), { creator: { name: 'test', version: '1' }, showSecrets: false })]
  expect(pieces.length).toBeGreaterThan(2)
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(80_000)
  expect((JSON.parse(pieces.join('')) as Archive).log.entries).toHaveLength(301)
})

describe.skipIf(!areThere)('labelled captures', () => {
  const SOME = /^(nginx-retry|chain-|nginx-(h2|enc|fpm|tls|nano|skew)|haproxy-(skew|drift|mtu)|apache-ajp|caddy-dns)/
  test.each(scenarioNames().filter((name) => SOME.test(name)))('%s', async (name) => {
    const story = correlate((await observed(name)).map(({ observations }) => observations))
    const document = diagnose(story)
    const { entries } = archived(story, document).log
    for (const { id, status, cause, path, client } of document.incidents) {
      if (status === null || client === null || path === null) continue
      const own = entries.filter(({ _incident }) => _incident === id)
      const failed = own.find(({ _client, response: answer }) => _client === client && answer.status === status)
      expect(failed, `${name} ${id}`).toMatchObject({ _cause: cause, _leg: 'client' })
    }
  })

  test('what TLS hides is left out and counted', async () => {
    const story = correlate((await observed('nginx-h2-tls-front-keys', false)).map(({ observations }) => observations))
    const { comment, entries } = archived(story).log
    expect(comment).toMatch(/Left out: \d+ exchanges in TLS/)
    expect(entries.every(({ _protocol }) => _protocol !== 'tls')).toBe(true)
  })
})
