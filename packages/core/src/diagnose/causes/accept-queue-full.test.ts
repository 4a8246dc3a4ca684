import { gateway, judged, request, response, verdictOf, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

/** The handshake stands for the client only: the SYN-ACK comes again and again, and no data is taken. */
function untaken(upstream: Tcp, asked: string): Tcp {
  upstream.handshake().send('>', asked, { ack: 'none' })
  for (const pause of [0.2, 0.4, 0.8, 1.6]) {
    upstream.retransmit('>', { after: [pause], ack: 'none' })
    upstream.segment('<', { flags: 'SA', seqOffset: -1, ackOffset: -asked.length }).ack('>')
  }
  return upstream.wait(5).fin('>', { ack: 'none' })
}

describe('accept-queue-full', () => {
  test('SYN-ACKs repeated, the request never acknowledged', async () => {
    expect(await judged({ attempts: [untaken], answer: 504 })).toMatchObject({
      sides: 'accept-queue-full upstream likely',
      all: 'accept-queue-full upstream certain',
    })
  })

  test.each([
    ['a port that was open before drops SYNs', true, 'accept-queue-full upstream possible'],
    ['a port that nobody was seen to open', false, 'connect-timeout network likely'],
  ])('%s, while the host serves others', async (_, isOpen, verdict) => {
    const { front, back } = gateway({
      attempts: [
        (upstream, _request, { at, elapsed, host, tcp }) => {
          const other = host('proxy-back', '10.1.0.1')
          const app = host('upstream', '10.1.0.2')
          if (isOpen) tcp(other, app, 8080).handshake()
          at(elapsed() + 2, () =>
            tcp(other, app, 8081).handshake().send('>', request('GET /other')).send('<', response(200)),
          )
          upstream
            .syn({ lost: true })
            .retransmit('>', { after: [1, 2, 4], lost: true })
            .wait(3)
        },
      ],
      answer: 504,
    })
    expect(await verdictOf(front, back)).toBe(verdict)
  })

  test('a SYN-ACK repeated because its acknowledgement was lost, then data flows', async () => {
    const story = {
      attempts: [
        (upstream: Tcp, asked: string) => {
          upstream.syn().synAck().ack('>', { lost: true }).wait(1)
          return upstream.segment('<', { flags: 'SA', seqOffset: -1 }).ack('>').send('>', asked).wait(60).close('>')
        },
      ],
      answer: 504,
    }
    expect(await judged(story)).toMatchObject({
      sides: 'upstream-silent upstream likely',
      all: 'upstream-silent upstream certain',
    })
  })

  test('SYN-ACKs repeated because nothing gets through to the upstream', async () => {
    const story = {
      attempts: [
        (upstream: Tcp, asked: string) => {
          upstream.syn().synAck().ack('>', { lost: true }).send('>', asked, { lost: true })
          for (let i = 0; i < 2; i++) {
            upstream.wait(1).segment('<', { flags: 'SA', seqOffset: -1 }).ack('>', { lost: true })
            upstream.retransmit('>', { after: [0.1, 0.4], lost: true })
          }
          return upstream.wait(5).fin('>', { lost: true })
        },
      ],
      answer: 504,
    }
    expect(await judged(story)).toMatchObject({ all: 'request-undelivered network certain' })
  })
})
