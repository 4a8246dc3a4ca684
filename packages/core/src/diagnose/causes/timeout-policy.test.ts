import { network, request, response, verdictOf } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

/** Requests for the same path one after the other, each answered after so many seconds; the last one hits the timer. */
async function told(seconds: readonly number[], timer: number, late: number): Promise<string> {
  const net = network()
  const [front, back] = [net.host('proxy-front', '10.0.0.1'), net.host('proxy-back', '10.1.0.1')]
  const [user, app] = [net.host('client', '10.0.0.2'), net.host('upstream', '10.1.0.2')]
  for (const [n, taken] of [...seconds, timer].entries()) {
    const client = net
      .tcp(user, front, 80)
      .handshake()
      .send('>', request(`GET /report/${n}`))
      .wait(0.001)
    const upstream = net
      .tcp(back, app, 8080)
      .handshake()
      .send('>', request(`GET /report/${n}`))
      .wait(taken)
    if (n < seconds.length) {
      upstream.send('<', response(200, 'fine'))
      client.wait(0.001).send('<', response(200, 'fine'))
    } else {
      upstream.fin('>')
      client.wait(0.001).send('<', response(504, '<center>nginx/1.27.0</center>', { Server: 'nginx/1.27.0' }))
      upstream.wait(late).send('<', response(200, 'late'))
    }
  }
  return verdictOf(net.capture('proxy-front'), net.capture('proxy-back'))
}

describe('timeout-policy', () => {
  test('others took nearly as long, and this one hardly longer than the timer', async () => {
    expect(await told([4.5, 3.9, 4.8, 4.1], 5, 0.3)).toMatch(/^timeout-policy proxy (likely|possible)$/)
  })

  test('others are fast: this one was slow', async () => {
    expect(await told([0.1, 0.2, 0.1, 0.1], 5, 0.3)).toBe('upstream-slow upstream certain')
  })

  test('one slow one among fast ones is no habit', async () => {
    expect(await told([0.1, 4.5, 0.1, 0.1], 5, 0.3)).toBe('upstream-slow upstream certain')
  })
})
