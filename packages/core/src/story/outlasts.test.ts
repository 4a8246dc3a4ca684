import { documentOf, network, request, response } from '@pcap-surgery/testkit'
import { expect, test } from 'vitest'

/** What clients ask of a proxy, all the same twenty times a second, and what it asks of its upstream. */
function alike(clockSkewSeconds: number): Uint8Array[] {
  const net = network()
  const [user, front] = [net.host('client', '10.0.0.2'), net.host('proxy-front', '10.0.0.1')]
  const [back, app] = [net.host('proxy-back', '10.1.0.1'), net.host('upstream', '10.1.0.2')]
  const answer = response(200, 'fine')
  for (let n = 0; n < 24; n++) {
    net.at(n / 20, () => {
      const client = net.tcp(user, front, 80).handshake().send('>', request('GET /same')).wait(0.0005)
      const upstream = net.tcp(back, app, 8080).handshake().send('>', request('GET /same'))
      const takes = 0.02 + ((n * 7) % 5) / 20
      upstream.wait(takes).send('<', answer).fin('<').fin('>')
      client.wait(0.0005).send('<', answer).fin('<').fin('>')
    })
  }
  return [net.capture('proxy-front'), net.capture('proxy-back', { clockSkewSeconds })]
}

test.each([-0.3, -0.165])(
  'clocks %s s apart, which nothing tells: the leg where like requests take longer is the outer one',
  async (skew) => {
    const { captures } = await documentOf(...alike(skew))
    expect(captures.map(({ vantages }) => vantages)).toEqual([['proxy-front'], ['proxy-back']])
  },
)

test('one failed request, passed on at once: the leg where it took longer is the outer one, whatever the addresses', async () => {
  const net = network()
  const [user, front] = [net.host('client', '192.168.200.77'), net.host('proxy-front', '192.168.200.1')]
  const [back, app] = [net.host('proxy-back', '172.27.0.6'), net.host('upstream', '192.168.9.51')]
  const client = net.tcp(user, front, 80, { rtt: 0.00002 }).handshake().send('>', request('GET /kick'))
  net.tcp(back, net.host('upstream', '192.168.9.52'), 8080, { rtt: 0.00002 }).syn().rst('<')
  const upstream = net.tcp(back, app, 8080, { rtt: 0.00002 }).handshake()
  upstream.send('>', request('GET /kick')).wait(0.18).rst('<')
  client.wait(0.0002).send('<', response(502, '<center>nginx</center>'))
  const { incidents } = await documentOf(net.capture('proxy-front'), net.capture('proxy-back'))
  expect(incidents).toMatchObject([{ status: 502, cause: 'reset-before-response', proxyFront: '192.168.200.1:80' }])
})
