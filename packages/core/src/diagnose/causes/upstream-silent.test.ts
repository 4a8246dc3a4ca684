import { documentOf, gateway, judged, response, verdictOf, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

const scenario = {
  attempts: [(upstream: Tcp, asked: string) => upstream.handshake().send('>', asked).wait(60).close('>')],
  answer: 504,
}

describe('upstream-silent', () => {
  test('acknowledged, and no answer', async () => {
    expect(await judged(scenario)).toEqual({
      sides: 'upstream-silent upstream likely',
      all: 'upstream-silent upstream certain',
      frames: ['1:4', '1:5'],
    })
  })

  test('the clock of the capture at the upstream is an hour off', async () => {
    const { front, back, net } = gateway(scenario)
    const upstream = net.capture('upstream', { clockSkewSeconds: -3600.5 })
    expect(await verdictOf(front, back, upstream)).toBe('upstream-silent upstream certain')
  })

  test('only the first 96 bytes of each packet', async () => {
    const { net } = gateway(scenario)
    const cut = (vantage: string): Uint8Array => net.capture(vantage, { snapLength: 96 })
    expect(await verdictOf(cut('proxy-front'), cut('proxy-back'))).toBe('upstream-silent upstream likely')
  })

  test('both sides in one capture', async () => {
    expect(await verdictOf(gateway(scenario).both)).toBe('upstream-silent upstream likely')
  })

  test('the capture at the upstream ended before the proxy gave up', async () => {
    const { front, back, net } = gateway(scenario)
    const upstream = net.capture('upstream', { untilSeconds: 30 })
    expect(await verdictOf(front, back, upstream)).toBe('upstream-silent upstream likely')
  })

  test('without the client leg it may have been the client that left', async () => {
    expect(await verdictOf(gateway(scenario).back)).toMatch(/^(none|upstream-silent upstream possible)$/)
  })

  test('the client left first: nobody failed', async () => {
    const left = {
      attempts: [(upstream: Tcp, asked: string) => upstream.handshake().send('>', asked).wait(5)],
      answer: (client: Tcp) => client.fin('>'),
    }
    expect(await judged(left)).toMatchObject({ sides: 'none' })
  })

  test('all captures end while everybody waits: nothing failed yet', async () => {
    const { net } = gateway(scenario)
    const early = (vantage: string): Uint8Array => net.capture(vantage, { untilSeconds: 30 })
    expect(await verdictOf(early('proxy-front'), early('proxy-back'))).toBe('none')
  })

  test('the capture missed the answer that the proxy got', async () => {
    const served = {
      attempts: [
        (upstream: Tcp, asked: string) =>
          upstream.handshake().send('>', asked).send('<', response(200, 'fine'), { unseen: true }),
      ],
      answer: response(200, 'fine'),
    }
    expect(await judged(served)).toMatchObject({ sides: 'none' })
  })

  test('the upstream’s own capture shows that no response was lost on the way', async () => {
    const { net, front } = gateway(scenario)
    const { incidents } = await documentOf(front, net.capture('upstream'))
    expect(incidents).toMatchObject([{ cause: 'upstream-silent', confidence: 'likely' }])
    expect(incidents[0]!.competing.map(({ cause }) => cause)).not.toContain('response-lost')
  })
})
