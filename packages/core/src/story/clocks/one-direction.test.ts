import { documentOf, join, network, request, response } from '@pcap-surgery/testkit'
import { expect, test } from 'vitest'
import type { Bytes } from '../../bytes/read.ts'

const FILE_HEADER = 24
const RECORD_HEADER = 16
/** Of an IPv4 source in Ethernet. */
const SOURCE = RECORD_HEADER + 14 + 12

/** A capture of the testkit without what an address sent. */
function without(capture: Bytes, address: string): Bytes {
  const view = new DataView(capture.buffer, capture.byteOffset)
  const kept = [capture.slice(0, FILE_HEADER)]
  for (let at = FILE_HEADER, end = 0; at < capture.length; at = end) {
    end = at + RECORD_HEADER + view.getUint32(at + 8, true)
    if (capture.slice(at + SOURCE, at + SOURCE + 4).join('.') !== address) kept.push(capture.slice(at, end))
  }
  return join(...kept)
}

test('a capture of answers alone between a proxy and its upstream, whose clock is 2 s ahead', async () => {
  const net = network()
  const [user, front] = [net.host('client', '10.0.0.2'), net.host('proxy-front', '10.0.0.1')]
  const [back, app] = [net.host('proxy-back', '10.1.0.1'), net.host('upstream', '10.1.0.2')]
  const kept = net.tcp(back, app, 8080).handshake()
  for (let n = 0; n < 6; n++) {
    const client = net
      .tcp(user, front, 80)
      .handshake()
      .send('>', request(`GET /${n}`))
    kept.send('>', request(`GET /${n}`)).wait(0.01 + n / 50)
    if (n < 5) kept.send('<', response(200, 'fine'))
    else kept.rst('<')
    client.send('<', n < 5 ? response(200, 'fine') : response(502, '<center>nginx</center>')).wait(0.1)
  }
  const captures = [
    net.capture('proxy-front'),
    without(net.capture('proxy-back'), '10.1.0.1'),
    net.capture('upstream', { clockSkewSeconds: 2.02 }),
  ]
  const { captures: seen, incidents } = await documentOf(...captures)
  const [, answers, upstream] = seen.map(({ clock }) => clock.offsetSeconds!)
  expect(Math.abs(answers!)).toBeLessThan(0.01)
  expect(Math.abs(upstream! - 2.02)).toBeLessThan(0.01)
  expect(incidents).toMatchObject([
    { status: 502, path: '/5', cause: 'reset-before-response', proxyFront: '10.0.0.1:80', upstream: '10.1.0.2:8080' },
  ])
})
