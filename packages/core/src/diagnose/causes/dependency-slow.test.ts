import { judged, type Network, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

/** The upstream asks its database, which takes so many seconds; then it answers, unless the proxy is gone. */
const asks = (seconds: number) => (upstream: Tcp, asked: string, net: Network) => {
  const db = net.tcp(net.host('upstream', '10.1.0.2'), net.host('db', '10.2.0.9'), 5432).handshake()
  db.send('>', 'Q\0\0\0\u000dselect').send('<', 'T\0\0\0\u0006\0\0')
  upstream.handshake().send('>', asked).wait(0.005)
  db.send('>', 'Q\0\0\0\u000dselect')
  net.at(net.elapsed() + seconds, () => db.send('<', 'T\0\0\0\u0006\0\0'))
  return upstream.wait(10).close('>')
}

describe('dependency-slow', () => {
  test('only the capture at the upstream shows for whom it waited', async () => {
    expect(await judged({ attempts: [asks(9)], answer: 504 })).toMatchObject({
      sides: 'upstream-silent upstream likely',
      all: 'dependency-slow dependency certain',
    })
  })

  test('the database answered soon: the time was spent elsewhere', async () => {
    expect(await judged({ attempts: [asks(0.1)], answer: 504 })).toMatchObject({
      all: 'upstream-silent upstream certain',
    })
  })
})
