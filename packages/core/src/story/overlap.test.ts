import { documentOf, network, request, response } from '@pcap-surgery/testkit'
import { expect, test } from 'vitest'

/** Nine requests, all alike, a second apart on one connection to the proxy; the eighth is answered with 504. */
function traffic() {
  const net = network()
  const [user, front] = [net.host('client', '10.0.0.2'), net.host('proxy', '10.0.0.1')]
  const [back, app] = [net.host('proxy', '10.1.0.1'), net.host('upstream', '10.1.0.2')]
  const client = net.tcp(user, front, 80).handshake()
  for (let n = 1; n < 10; n++) {
    net.at(n, () => {
      client.send('>', request('GET /same')).wait(0.001)
      const upstream = net.tcp(back, app, 8080).handshake().send('>', request('GET /same'))
      if (n === 8) {
        upstream.wait(0.6).fin('>')
        client.send('<', response(504, ''))
      } else {
        upstream.wait(0.02).send('<', response(200, 'fine')).fin('<').fin('>')
        client.wait(0.001).send('<', response(200, 'fine'))
      }
    })
  }
  return net
}

test.each([
  ['the failure was seen by the one that ended later', { untilSeconds: 5.5 }, { fromSeconds: 2.5 }],
  ['the failure was seen by both, and the one began later', {}, { fromSeconds: 2.5 }],
  ['nothing in between was seen by both', { untilSeconds: 5.5 }, { fromSeconds: 5.6 }],
])('captures that overlap in part: %s', async (_, ofClient, ofProxy) => {
  const net = traffic()
  const captures = [net.capture('client', ofClient), net.capture('proxy', ofProxy)]
  for (const given of [captures, captures.toReversed()]) {
    const { incidents, healthy } = await documentOf(...given)
    expect(incidents.map(({ cause, status, attempts }) => [cause, status, attempts.length])).toEqual([
      ['upstream-silent', 504, 1],
    ])
    expect(healthy.exchanges).toBe(8)
  }
})
