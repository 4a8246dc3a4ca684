import { judged, network, request, response, verdictOf, type Network, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

const intoTheVoid = (upstream: Tcp): Tcp =>
  upstream
    .syn({ lost: true })
    .retransmit('>', { after: [1, 2, 4], lost: true })
    .wait(3)

describe('connect-timeout', () => {
  test('SYNs without an answer', async () => {
    expect(await judged({ attempts: [intoTheVoid], answer: 504 })).toMatchObject({
      sides: 'connect-timeout network likely',
      frames: ['1:1', '1:2', '1:3', '1:4'],
    })
  })

  test("the upstream's capture has other connections and not these SYNs", async () => {
    const net = network()
    const [front, back] = [net.host('proxy-front', '10.0.0.1'), net.host('proxy-back', '10.1.0.1')]
    const [user, app] = [net.host('client', '10.0.0.2'), net.host('upstream', '10.1.0.2')]
    const healthy = (path: string): void => {
      const client = net
        .tcp(user, front, 80)
        .handshake()
        .send('>', request(`GET ${path}`))
        .wait(0.001)
      net
        .tcp(back, app, 8080)
        .handshake()
        .send('>', request(`GET ${path}`))
        .send('<', response(200))
      client.wait(0.001).send('<', response(200))
    }
    healthy('/before')
    const client = net.tcp(user, front, 80).handshake().send('>', request('GET /report')).wait(0.001)
    // One that has no SYN-ACK either, and that both captures have.
    net.at(net.elapsed(), () => net.tcp(back, app, 9001).syn().rst('<'))
    intoTheVoid(net.tcp(back, app, 8080))
    client.send('<', response(504, '<center>nginx/1.27.0</center>', { Server: 'nginx/1.27.0' }))
    healthy('/after')
    const captures = ['proxy-front', 'proxy-back', 'upstream'].map((vantage) => net.capture(vantage))
    expect(await verdictOf(...captures)).toBe('connect-timeout network certain')
  })

  test('SYNs that arrive and are not answered are the upstream’s', async () => {
    const story = {
      attempts: [
        (upstream: Tcp) =>
          upstream
            .syn()
            .retransmit('>', { after: [1, 2] })
            .wait(3),
      ],
      answer: 504,
    }
    expect(await judged(story)).toMatchObject({ all: 'connect-timeout upstream likely' })
  })

  test('a SYN-ACK that is lost on the way back is the path’s, whatever else the host accepts', async () => {
    const story = {
      attempts: [
        (upstream: Tcp, _asked: string, net: Network) => {
          const [back, app] = [net.host('proxy-back', '10.1.0.1'), net.host('upstream', '10.1.0.2')]
          net.tcp(back, app, 8080).handshake()
          net.at(net.elapsed() + 1.5, () => net.tcp(back, app, 8081).handshake())
          upstream.syn().synAck({ lost: true })
          for (const pause of [1, 2]) {
            upstream.wait(pause).segment('>', { flags: 'S', seqOffset: -1 })
            upstream.segment('<', { flags: 'SA', seqOffset: -1, lost: true })
          }
          return upstream.wait(3)
        },
      ],
      answer: 504,
    }
    expect(await judged(story)).toMatchObject({
      sides: 'accept-queue-full upstream possible',
      all: 'connect-timeout network certain',
    })
  })

  test('a SYN-ACK that comes when nobody waits any more', async () => {
    const attempts = [
      (upstream: Tcp) =>
        upstream
          .syn()
          .retransmit('>', { after: [1] })
          .wait(2)
          .synAck()
          .rst('>'),
    ]
    expect(await judged({ attempts, answer: 504 })).toMatchObject({ sides: 'connect-timeout upstream likely' })
  })

  test('a SYN that was lost once is no cause', async () => {
    const story = {
      attempts: [
        (upstream: Tcp, asked: string) =>
          upstream
            .syn({ lost: true })
            .retransmit('>', { after: [1] })
            .synAck()
            .ack('>')
            .send('>', asked)
            .wait(60)
            .close('>'),
      ],
      answer: 504,
    }
    expect(await judged(story)).toMatchObject({
      sides: 'upstream-silent upstream likely',
      all: 'upstream-silent upstream certain',
    })
  })

  test('a SYN-ACK that the capture lost is no cause', async () => {
    const story = {
      attempts: [
        (upstream: Tcp, asked: string) =>
          upstream.syn().synAck({ unseen: true }).ack('>').send('>', asked).wait(60).close('>'),
      ],
      answer: 504,
    }
    expect(await judged(story)).toMatchObject({ sides: 'upstream-silent upstream likely' })
  })
})
