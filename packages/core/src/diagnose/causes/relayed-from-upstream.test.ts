import { judged, response, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

const says = (status: number, server: string) => {
  const text = response(status, 'sorry', { Server: server })
  return (upstream: Tcp, asked: string) => upstream.handshake().send('>', asked).wait(0.01).send('<', text)
}
const passedOn = (status: number): string => response(status, 'sorry', { Server: 'nginx/1.27.0' })

describe('relayed-from-upstream', () => {
  test.each([502, 504])('the upstream itself says %i', async (status) => {
    expect(await judged({ attempts: [says(status, 'gunicorn')], answer: passedOn(status) })).toMatchObject({
      sides: 'relayed-from-upstream upstream certain',
    })
  })

  test.each([500, 503])('the application’s own %i is no incident', async (status) => {
    expect(await judged({ attempts: [says(status, 'gunicorn')], answer: passedOn(status) })).toMatchObject({
      sides: 'none',
    })
  })

  test('an error that came when the proxy had long given up', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) =>
        upstream.handshake().send('>', asked).wait(60).fin('>').wait(1).send('<', response(504, 'sorry')),
    ]
    expect(await judged({ attempts, answer: 504 })).toMatchObject({ sides: 'upstream-slow upstream certain' })
  })
})
