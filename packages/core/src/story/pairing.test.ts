import {
  ajpRequest,
  documentOf,
  fastcgiRequest,
  fastcgiResponse,
  network,
  request,
  response,
  type Tcp,
} from '@pcap-surgery/testkit'
import { expect, test } from 'vitest'
import { CLIENT, SERVER } from '../observe/observations.ts'
import { contains } from './pairing.ts'
import type { Roles } from './requests.ts'

const PAGE = response(502, '<center>nginx/1.27.0</center>', { Server: 'nginx/1.27.0' })

/**
 * Two like requests of one client at the same time, from ports of its own, and a try for each in the other order: the
 * first one's fails. Which client connection that failure is said to belong to, and why.
 */
async function whose(sends: (port: number) => string | Uint8Array, answer: string | Uint8Array) {
  const net = network()
  const [client, front] = [net.host('client', '10.0.0.2'), net.host('proxy-front', '10.0.0.1')]
  const [back, app] = [net.host('proxy-back', '10.1.0.1'), net.host('upstream', '10.1.0.2')]
  const asking = [1, 2].map(() => net.tcp(client, front, 80).handshake())
  for (const tcp of asking) tcp.send('>', request('GET /report'))
  const ports = asking.map(({ left }) => Number(left.split(':')[1]))
  const open = (port: number): Tcp => net.tcp(back, app, 8080).handshake().send('>', sends(port))
  const [second, first] = [open(ports[1]), open(ports[0])]
  first.wait(0.2).fin('<').fin('>')
  second.send('<', answer).fin('>')
  asking[1].send('<', response(200, 'fine'))
  asking[0].send('<', PAGE)
  const { incidents } = await documentOf(net.capture('proxy-front'), net.capture('proxy-back'))
  const [{ client: named, proxyBack, findings }] = incidents
  const because = findings.map(({ text }) => /belongs to the request by (.*)/.exec(text)?.[1]).find(Boolean)
  return { isRight: named === asking[0].left && proxyBack === first.left, because, count: incidents.length }
}

const proxied = (line: string) => (port: number) => `PROXY TCP4 10.0.0.2 10.0.0.1 ${port} 80\r\n${request(line)}`
const byFastCgi = (port: number) => fastcgiRequest('GET /report', { REMOTE_ADDR: '10.0.0.2', REMOTE_PORT: `${port}` })
const answered = fastcgiResponse('Status: 200 OK\r\n\r\nfine')

test.each([
  ['a PROXY header', proxied('GET /report'), response(200, 'fine'), 'PROXY header (sure)'],
  [
    'a PROXY header, of a request rewritten beyond likeness',
    proxied('GET /x'),
    response(200, 'fine'),
    'PROXY header (sure)',
  ],
  ['REMOTE_ADDR and REMOTE_PORT', byFastCgi, answered, "the client's address and port (sure)"],
])('%s says whom a try is for', async (_what, sends, answer, because) => {
  expect(await whose(sends, answer)).toEqual({ isRight: true, because, count: 1 })
})

test('a gateway that tells its application only the beginning of the path', async () => {
  const net = network()
  const [client, front] = [net.host('client', '10.0.0.1'), net.host('proxy-front', '10.0.0.9')]
  const [back, app] = [net.host('proxy-back', '10.1.0.1'), net.host('upstream', '10.1.0.2')]
  const asking = net.tcp(client, front, 80).handshake().send('>', request('GET /shop/hang.php?i=9'))
  const asked = ajpRequest('GET /shop?i=9') // for 10.0.0.1
  net.tcp(back, app, 8009).handshake().send('>', asked).wait(0.1).fin('<').fin('>')
  asking.send('<', PAGE)
  const { incidents } = await documentOf(net.capture('proxy-front'), net.capture('proxy-back'))
  expect(incidents).toMatchObject([
    { cause: 'closed-without-response', client: asking.left, upstream: '10.1.0.2:8009' },
  ])
})

test.each([
  ['its server reset held no try that lasted longer', SERVER, false],
  ['its client reset may have held one', CLIENT, true],
])('a request without an answer that %s', (_what, from, mayHold) => {
  const exchange = { detail: { streamReset: { from } } }
  const requests = { exchange: [exchange], start: [0], answered: [Infinity], end: [202_000_000] }
  const tries = { answered: [1], asked: [-100_000], start: [-100_000], end: [202_200_000] }
  expect(contains({ requests, tries } as unknown as Roles, 0, 0)).toBe(mayHold)
})
