// OpenSSL speaks to itself in memory, for tests: what went over the wire, and the secrets to read it with.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { Duplex } from 'node:stream'
import { connect, type ConnectionOptions, TLSSocket, type TLSSocketOptions } from 'node:tls'
import { CERTIFICATES } from '@pcap-surgery/testkit'

const { leaf, leafKey } = CERTIFICATES
export const cert: string = new X509Certificate(leaf).toString()
export const key: string | Buffer = createPrivateKey({
  key: Buffer.from(leafKey),
  format: 'der',
  type: 'pkcs8',
}).export({ format: 'pem', type: 'pkcs8' })
export const root: string = new X509Certificate(CERTIFICATES.root).toString()

export const TLS12 = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const
export const TLS13 = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' } as const

export interface Recording {
  /** What went over the wire, in order; 0 the client. */
  sent: [from: 0 | 1, bytes: Uint8Array][]
  /** How much of `sent` was there when the server had the request. */
  asked: number
  keyLog: string
  session: Buffer | undefined
}

/** What is said inside. */
export interface Said {
  request: string | Uint8Array
  answer: string | Uint8Array
  /** A second handshake stands before them, within the first (TLS 1.2). */
  renegotiated?: boolean
}

export const SHORT: Said = {
  request: 'GET / HTTP/1.1\r\n\r\n',
  answer: `HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n${'.'.repeat(900)}`,
}

/** A request and its answer over a handshake with these options; a failed handshake is a conversation too. */
export async function record(
  client: ConnectionOptions,
  server: TLSSocketOptions,
  { request, answer, renegotiated = false }: Said = SHORT,
): Promise<Recording> {
  const recording: Recording = { sent: [], asked: 0, keyLog: '', session: undefined }
  const ends: Duplex[] = []
  for (const from of [0, 1] as const) {
    const end = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        recording.sent.push([from, Uint8Array.from(chunk)])
        ends[1 - from].push(chunk)
        done()
      },
      final(done) {
        ends[1 - from].push(null)
        done()
      },
    })
    ends.push(end)
  }
  const answering = new TLSSocket(ends[1], { isServer: true, key, cert, ...server })
  const asking = connect({ socket: ends[0], rejectUnauthorized: false, servername: 'app.internal', ...client })
  asking.on('keylog', (line: Buffer) => (recording.keyLog += line.toString()))
  asking.on('session', (session: Buffer) => (recording.session = session))
  const ask = (): boolean => asking.write(request)
  if (renegotiated) asking.once('secureConnect', () => asking.renegotiate({ rejectUnauthorized: false }, ask))
  else asking.on('secureConnect', ask)
  answering.once('data', () => {
    recording.asked = recording.sent.length
    answering.end(answer)
  })
  asking.resume()
  await new Promise<void>((resolve) => {
    asking.on('end', resolve)
    for (const socket of [asking, answering]) socket.on('error', () => resolve())
  })
  // What is still on its way: the last alert, the client's own end.
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
  return recording
}
