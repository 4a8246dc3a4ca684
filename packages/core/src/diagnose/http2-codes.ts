// What the error codes of RST_STREAM and GOAWAY mean to somebody who looks for a cause (RFC 9113 section 7).

export const NO_ERROR = 0x0
export const PROTOCOL_ERROR = 0x1
export const FLOW_CONTROL_ERROR = 0x3
export const SETTINGS_TIMEOUT = 0x4
export const STREAM_CLOSED = 0x5
export const FRAME_SIZE_ERROR = 0x6
export const REFUSED_STREAM = 0x7
export const CANCEL = 0x8
export const COMPRESSION_ERROR = 0x9
export const ENHANCE_YOUR_CALM = 0xb
export const HTTP_1_1_REQUIRED = 0xd

/** In the order of the codes; the subject is who sent the code. */
const MEANINGS = [
  'it wanted nothing more of it, and calls that no error',
  'it says that the other side broke the protocol',
  'it failed inside',
  'it says that it was sent more than its window allowed',
  'its SETTINGS were not acknowledged in time',
  'it got a frame for a stream that it held for closed',
  'it got a frame of a wrong size',
  'it had not begun to process the request, which may be repeated',
  'it no longer wanted the stream',
  'it could not decode the header fields that it was sent',
  'the connection that a CONNECT asked for failed',
  'it was asked for too much',
  'it holds the TLS of the connection for too weak',
  'it wants this request over HTTP/1.1',
]

/** "it failed inside"; for a code without a name what is known of it. */
export const http2ErrorMeaning = (code: number): string => MEANINGS[code] ?? 'a code that RFC 9113 does not define'

const ACCUSING: ReadonlySet<number> = new Set([
  PROTOCOL_ERROR,
  FLOW_CONTROL_ERROR,
  SETTINGS_TIMEOUT,
  STREAM_CLOSED,
  FRAME_SIZE_ERROR,
  COMPRESSION_ERROR,
])

/** The code says that the other side did something wrong. */
export const accuses = (code: number): boolean => ACCUSING.has(code)
