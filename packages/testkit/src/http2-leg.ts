// An upstream leg in HTTP/2 behind `gateway()`: the request that its proxy forwards, on a stream.
import { join, type Bytes } from './bytes.ts'
import { hpackFields, http2Data, http2Headers, http2Preface, http2Settings, http2SettingsAck } from './http2.ts'
import type { Tcp } from './tcp.ts'

interface Fields {
  readonly [name: string]: string
}

interface Settings {
  readonly [id: number]: number
}

/** Preface and SETTINGS of both sides; `settings` are those of the client, then of the server. */
export function http2Open(tcp: Tcp, settings: [Settings, Settings] = [{}, {}]): Tcp {
  tcp.handshake().send('>', join(http2Preface, http2Settings(settings[0])))
  return tcp.send('<', join(http2Settings(settings[1]), http2SettingsAck)).send('>', http2SettingsAck)
}

/** The header section of a request; END_STREAM unless a body follows. */
export const http2Request = (stream: number, path = '/report', more: Fields = {}, end = true): Bytes =>
  http2Headers(
    stream,
    hpackFields({
      ':method': end ? 'GET' : 'POST',
      ':scheme': 'http',
      ':path': path,
      ':authority': 'app.example',
      'x-forwarded-for': '10.0.0.2',
      ...more,
    }),
    ...(end ? (['END_STREAM'] as const) : []),
  )

/** A response; END_STREAM unless `end` is false. */
export const http2Response = (stream: number, status = 200, body = 'fine', end = true): Bytes =>
  join(
    http2Headers(stream, hpackFields({ ':status': String(status), 'content-type': 'text/plain' })),
    http2Data(stream, body, ...(end ? (['END_STREAM'] as const) : [])),
  )
