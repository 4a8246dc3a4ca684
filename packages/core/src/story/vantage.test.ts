import { documentOf, gateway, network, request, response, type Network } from '@pcap-surgery/testkit'
import { expect, test } from 'vitest'

/** Requests that a proxy passes on, over a router, as one of the two ends has them. */
function passedOn(vantage: 'back' | 'app'): Uint8Array {
  const net: Network = network()
  const [back, app] = [net.host('back', '10.2.0.1'), net.host('app', '10.3.0.1')]
  net
    .tcp(back, app, 8080, { hops: 1 })
    .handshake()
    .send('>', request('GET /a', { 'X-Forwarded-For': '10.1.0.9' }))
    .send('<', response(200, 'ok'))
  return net.capture(vantage)
}

const vantagesOf = async (...captures: Uint8Array[]): Promise<string[]> =>
  (await documentOf(...captures)).captures.map(({ vantages }) => vantages.join(' '))

test('a capture of one leg alone is told by what its requests say, and by TTLs', async () => {
  expect(await vantagesOf(passedOn('back'))).toEqual(['proxy-back'])
  expect(await vantagesOf(passedOn('app'))).toEqual(['upstream'])
})

test('captures of both legs are told by the requests that were passed on', async () => {
  const { front, back } = gateway({ attempts: [(u, asked) => u.handshake().send('>', asked).fin('<')], answer: 502 })
  expect(await vantagesOf(front, back)).toEqual(['proxy-front', 'proxy-back'])
})
