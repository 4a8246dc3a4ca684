// Both directions of an HTTP/2 connection (RFC 9113): bytes in, any split; what its streams carry out.
import type { Bytes } from '../../bytes/read.ts'
import type { Http2Side, Http2Sink } from './events.ts'

export interface Http2Options {
  /** The connection was HTTP/1 before (h2c): stream 1 is the request that asked for the upgrade, and is sent whole. */
  upgraded?: boolean
}

export class Http2Connection {
  /** The capture began after the connection did, on either side. */
  midstream = false

  constructor(_sink: Http2Sink, _options: Http2Options = {}) {}

  /** Bytes of one direction, in order. Bodies are handed on as views, never kept. */
  push(_from: Http2Side, _bytes: Bytes, _at: number, _end: number, _frame: number, _time: number): void {}

  /** `length` bytes exist and were not captured; 0 before the first byte: the beginning is not in the capture. */
  gap(_from: Http2Side, _length: number, _frame: number, _time: number): void {}

  /** The direction ended: by FIN (`closed`), by reset or with the capture. */
  finish(_from: Http2Side, _closed: boolean, _frame: number, _time: number): void {}
}
