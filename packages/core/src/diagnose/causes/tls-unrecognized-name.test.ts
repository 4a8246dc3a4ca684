import { documentOf, gateway, hello12, hello13, judged, type Tcp, tlsAlert, workedBefore } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

const INTERNAL_ERROR = 80
const UNRECOGNIZED_NAME = 112

const answeredWith = (end: (upstream: Tcp) => unknown, hello = hello12('old.internal')) => [
  (upstream: Tcp) => end(upstream.handshake().send('>', hello)),
]
const alert = (description: number) => (upstream: Tcp) => upstream.send('<', tlsAlert(2, description)).close('<')

describe('tls-unrecognized-name', () => {
  test('the alert of that name', async () => {
    expect(await judged({ attempts: answeredWith(alert(UNRECOGNIZED_NAME)), answer: 502 })).toEqual({
      sides: 'tls-unrecognized-name proxy certain',
      all: 'tls-unrecognized-name proxy certain',
      frames: ['1:6'],
    })
  })

  test('a vague alert, or a close, where another name works', async () => {
    const likely = { sides: 'tls-unrecognized-name proxy likely' }
    const before = workedBefore('app.internal')
    expect(await judged({ attempts: answeredWith(alert(INTERNAL_ERROR)), answer: 502, before })).toMatchObject(likely)
    const closed = answeredWith((upstream) => upstream.wait(0.01).close('<'))
    expect(await judged({ attempts: closed, answer: 502, before })).toMatchObject(likely)
    // The name that works is refused for another reason.
    const before2 = workedBefore('old.internal')
    expect((await judged({ attempts: closed, answer: 502, before: before2 })).sides).toContain('tls-closed')
  })

  test('says that there was no name', async () => {
    const attempts = answeredWith(alert(UNRECOGNIZED_NAME), hello13(''))
    const { front, back } = gateway({ attempts, answer: 502 })
    const [incident] = (await documentOf(front, back)).incidents
    expect(incident!.findings[1]!.text).toContain('TLS 1.2, TLS 1.3; SNI ')
  })
})
