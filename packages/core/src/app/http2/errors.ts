// Error codes of RST_STREAM and GOAWAY (RFC 9113 section 7), and the names of settings (section 6.5.2).

const ERRORS = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
]

/** `REFUSED_STREAM`; a code that has no name as `0x1f`. */
export const http2ErrorName = (code: number): string => ERRORS[code] ?? `0x${code.toString(16)}`

export const HEADER_TABLE_SIZE = 0x1
export const ENABLE_PUSH = 0x2
export const MAX_CONCURRENT_STREAMS = 0x3
export const INITIAL_WINDOW_SIZE = 0x4
export const MAX_FRAME_SIZE = 0x5
export const MAX_HEADER_LIST_SIZE = 0x6

const SETTINGS: { readonly [id: number]: string } = {
  [HEADER_TABLE_SIZE]: 'HEADER_TABLE_SIZE',
  [ENABLE_PUSH]: 'ENABLE_PUSH',
  [MAX_CONCURRENT_STREAMS]: 'MAX_CONCURRENT_STREAMS',
  [INITIAL_WINDOW_SIZE]: 'INITIAL_WINDOW_SIZE',
  [MAX_FRAME_SIZE]: 'MAX_FRAME_SIZE',
  [MAX_HEADER_LIST_SIZE]: 'MAX_HEADER_LIST_SIZE',
  0x8: 'ENABLE_CONNECT_PROTOCOL', // RFC 8441
  0x9: 'NO_RFC7540_PRIORITIES', // RFC 9218
}

/** `SETTINGS_INITIAL_WINDOW_SIZE` without its prefix; one that has no name as `0x10`. */
export const http2SettingName = (id: number): string => SETTINGS[id] ?? `0x${id.toString(16)}`
