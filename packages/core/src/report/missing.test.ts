import { documentOf, gateway, hello12, response, type Tcp, tlsAlert } from '@pcap-surgery/testkit'
import { expect, test } from 'vitest'
import type { MissingCapture } from './document.ts'

type Play = (upstream: Tcp, asked: string) => unknown

const resets: Play = (upstream, asked) => upstream.handshake().send('>', asked).wait(0.1).rst('<')
const refuses: Play = (upstream) => upstream.syn().rst('<')
const relays: Play = (upstream, asked) => upstream.handshake().send('>', asked).send('<', response(502, 'behind me'))
const isSilent: Play = (upstream, asked) => upstream.handshake().send('>', asked).wait(5).close('>')
/** SYNs that nobody answers, until the proxy gives up. */
const getsNoAnswer: Play = (upstream) =>
  upstream
    .syn({ lost: true })
    .retransmit('>', { after: [1, 2], lost: true })
    .wait(2)
const breaksOff: Play = (upstream) => upstream.handshake().send('>', hello12()).send('<', tlsAlert(2, 40)).close('<')

async function missing(play: Play, vantages: readonly ('front' | 'back')[], answer = 502): Promise<MissingCapture[]> {
  const told = gateway({ attempts: [play], answer })
  const { incidents } = await documentOf(...vantages.map((vantage) => told[vantage]))
  expect(incidents).toHaveLength(1)
  return incidents[0]!.missing
}

const inShort = (list: readonly MissingCapture[]): string[] =>
  list.map(({ vantage, decides = [] }) => `${vantage}: ${decides.join(' ')}`)
const filterOf = (one: MissingCapture | undefined): string | undefined => /'(.*)'$/.exec(one?.command ?? '')?.[1]

test('nothing, where frames prove the cause', async () => {
  expect(await missing(refuses, ['front', 'back'])).toEqual([])
})

test('the proxy’s upstream side, where the client leg is all: also names and neighbours', async () => {
  const [first, ...more] = await missing(resets, ['front'])
  expect(more).toEqual([])
  expect(first).toMatchObject({ vantage: 'proxy-back' })
  expect(first!.because).toBe('on 10.0.0.1:80, to see what it tried towards its upstreams')
  expect(filterOf(first)).toBe('tcp or port 53 or icmp or icmp6 or arp')
})

test('the upstream, for who sent a RST: headers are enough', async () => {
  const list = await missing(resets, ['front', 'back'])
  expect(inShort(list)).toEqual(['upstream: reset-by-middlebox'])
  expect(list[0]!.command).toContain(' -s 128 ')
  expect(filterOf(list[0])).toBe('(tcp and host 10.1.0.2 and port 8080) or icmp or icmp6 or arp')
  expect(list[0]!.windows).toContain('pktmon filter add tcp1 -t TCP -i 10.1.0.2 -p 8080')
})

test('the upstream, for a SYN without an answer: handshakes are enough', async () => {
  const [first] = await missing(getsNoAnswer, ['front', 'back'], 504)
  expect(first).toMatchObject({ vantage: 'upstream', decides: ['accept-queue-full'] })
  expect(filterOf(first)).toContain('tcp-syn|tcp-fin|tcp-rst')
})

test('the upstream with all its TCP, where it may have waited for somebody', async () => {
  const [first] = await missing(isSilent, ['front', 'back'], 504)
  expect(inShort([first!])).toEqual(['upstream: response-lost dependency-slow'])
  expect(filterOf(first)).toBe('tcp or port 53 or icmp or icmp6 or arp')
})

test('the next proxy, where the answer was passed on', async () => {
  const [first] = await missing(relays, ['front', 'back'])
  expect(first).toMatchObject({ vantage: 'proxy-back' })
  expect(first!.because).toContain('on 10.1.0.2:8080')
})

test('a key log where TLS hides what decides, in the way of the product', async () => {
  const list = await missing(breaksOff, ['front', 'back'])
  const withKeys = list.filter(({ keys }) => keys !== undefined)
  expect(withKeys.map(({ vantage }) => vantage)).toEqual(['proxy-back'])
  expect(withKeys[0]!.keys).toContain('proxy_ssl_key_log')
})

test('the client leg, for tries alone', async () => {
  const list = await missing(resets, ['back'])
  expect(inShort(list)).toEqual(['upstream: reset-by-middlebox', 'proxy-front: reset-by-middlebox'])
})
