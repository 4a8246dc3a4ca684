import {
  handshakeRecord,
  hello12,
  hello13,
  judged,
  serverFlight13,
  serverHello,
  type Tcp,
  TLS_1_0,
  tlsAlert,
  workedBefore,
} from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

const HANDSHAKE_FAILURE = 40
const DECODE_ERROR = 50
const PROTOCOL_VERSION = 70
const NO_APPLICATION_PROTOCOL = 120

const refusedWith = (alert: number) => [
  (upstream: Tcp) => upstream.handshake().send('>', hello12()).send('<', tlsAlert(2, alert)).fin('<').fin('>'),
]

describe('tls-version-or-cipher', () => {
  test('an alert that accuses the parameters', async () => {
    expect(await judged({ attempts: refusedWith(PROTOCOL_VERSION), answer: 502 })).toEqual({
      sides: 'tls-version-or-cipher proxy certain',
      all: 'tls-version-or-cipher proxy certain',
      frames: ['1:6'],
    })
    expect(await judged({ attempts: refusedWith(NO_APPLICATION_PROTOCOL), answer: 502 })).toMatchObject({
      sides: 'tls-version-or-cipher proxy certain',
    })
  })

  test('handshake_failure may be about the name, unless that is served to others', async () => {
    const story = { attempts: refusedWith(HANDSHAKE_FAILURE), answer: 502 }
    expect(await judged(story)).toMatchObject({ sides: 'tls-version-or-cipher proxy likely' })
    expect(await judged({ ...story, before: workedBefore() })).toMatchObject({
      sides: 'tls-version-or-cipher proxy certain',
    })
  })

  test('the proxy refuses a version that it had not offered', async () => {
    const attempts = [
      (upstream: Tcp) =>
        upstream
          .handshake()
          .send('>', hello13())
          .send('<', handshakeRecord(serverHello({ version: TLS_1_0 })))
          .send('>', tlsAlert(2, PROTOCOL_VERSION))
          .close('>'),
    ]
    expect(await judged({ attempts, answer: 502 })).toMatchObject({ sides: 'tls-version-or-cipher proxy certain' })
  })

  test('an alert that accuses nothing is another cause', async () => {
    expect((await judged({ attempts: refusedWith(DECODE_ERROR), answer: 502 })).sides).toContain('tls-closed')
  })

  test('a warning ends nothing', async () => {
    const attempts = [
      (upstream: Tcp) =>
        upstream
          .handshake()
          .send('>', hello13())
          .send('<', tlsAlert(1, HANDSHAKE_FAILURE))
          .send('<', serverFlight13())
          .wait(3)
          .fin('>'),
    ]
    expect((await judged({ attempts, answer: 504 })).sides).not.toContain('tls-version-or-cipher')
  })
})
