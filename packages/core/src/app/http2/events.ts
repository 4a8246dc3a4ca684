// What an HTTP/2 connection tells about its streams (RFC 9113).
//
// Sides: 0 is the client, who asked, 1 is the server. Stream 0 is the connection itself. Streams that a server pushes
// (even numbers) are read, so that what follows is understood, and not told.
import type { Bytes } from '../../bytes/read.ts'
import type { Place } from '../http1/message.ts'

/** 0 the client, 1 the server. */
export type Http2Side = 0 | 1

/** One field line; null where it stands in a part of the dynamic table that was not seen. Characters are bytes. */
export interface Http2Field {
  name: string | null
  value: string | null
}

/** A decoded field section (RFC 9113 section 8.2), pseudo-header fields first, in the order sent. */
export interface Http2Fields {
  readonly list: readonly Http2Field[]
  /**
   * Every field line is there with name and value. False where the dynamic table is unknown (the capture began
   * mid-connection or lost bytes), where the section is cut or broken, and beyond 256 KiB: then a field that `get` does
   * not find may still have been sent.
   */
  readonly complete: boolean
  /** Size as SETTINGS_MAX_HEADER_LIST_SIZE counts it: bytes of names and values, and 32 a field line; of what is known. */
  readonly size: number
  /** Value of a field by its name in lower case, `:status` and the like too. Several lines are joined by `, ` (cookies by `; `). */
  get(name: string): string | null
}

/** `interim`: status 1xx. A response whose status is unknown counts as `response`. */
export type Http2Section = 'request' | 'response' | 'interim' | 'trailers'

/** One parameter of a SETTINGS frame (RFC 9113 section 6.5.2). */
export interface Http2Setting {
  id: number
  value: number
}

/**
 * How a stream is over. `complete`: END_STREAM of both sides. `reset`: RST_STREAM of either. `truncated`: the connection
 * or the capture ended first (`truncated` said so for each side). `forgotten`: more streams are open than are followed.
 */
export type Http2StreamEnd = 'complete' | 'reset' | 'truncated' | 'forgotten'

/**
 * What a connection tells. Of each stream: `begin` and `headers` of the request and of the response (interim responses
 * before it, trailers behind it), `data` between, and one `end`, after which its number is not heard of again. Where the
 * capture began late or lost bytes, any of them but `end` may be missing.
 */
export interface Http2Sink {
  /** The header of a HEADERS frame that opens a request or a response (interim ones too) is there. */
  begin(stream: number, from: Http2Side, first: Place): void
  /**
   * A field section is whole, or will not become whole (`fields.complete` false). `first` is the first byte of its
   * HEADERS frame, `last` the last byte of its last CONTINUATION frame.
   */
  headers(
    stream: number,
    from: Http2Side,
    kind: Http2Section,
    fields: Http2Fields,
    endStream: boolean,
    first: Place,
    last: Place,
  ): void
  /**
   * Content, padding excluded: `bytes[at..end)` is a view of what was pushed and good only during the call. A DATA frame
   * comes in as many pieces as it was pushed in. `endStream` stands on the last piece, which is empty where the frame
   * holds no content or padding follows it.
   */
  data(
    stream: number,
    from: Http2Side,
    bytes: Bytes,
    at: number,
    end: number,
    endStream: boolean,
    first: Place,
    last: Place,
  ): void
  /**
   * `length` bytes of content (or padding, where the hole hides which) exist and were not captured. `endStream` as for
   * `data`; `length` may be 0 where only padding is missing.
   */
  missing(stream: number, from: Http2Side, length: number, endStream: boolean, place: Place): void
  /**
   * RST_STREAM. What the other side sent before it knew is still told (an answer that came too late, say); `end` follows
   * when that is over, when 64 later streams were reset, or when another begins more than 10 s later.
   */
  reset(stream: number, from: Http2Side, code: number, place: Place): void
  /** The direction ended (`closed`: by FIN) and the stream's END_STREAM had not come. */
  truncated(stream: number, from: Http2Side, closed: boolean, place: Place): void
  /** Nothing more will be told of the stream. */
  end(stream: number, how: Http2StreamEnd, place: Place): void
  /** `lastStream`: higher ones of the other side were not processed. `debug`: up to 1024 bytes, a character each. */
  goaway(from: Http2Side, lastStream: number, code: number, debug: string, place: Place): void
  /** SETTINGS of this side, or its acknowledgement of the other's. */
  settings(from: Http2Side, ack: boolean, settings: readonly Http2Setting[], place: Place): void
  ping(from: Http2Side, ack: boolean, place: Place): void
  /**
   * The sender has used up the flow-control window that it was given, of a stream or of the connection (stream 0), and
   * must wait. Told only where the window is known: every SETTINGS and WINDOW_UPDATE was seen.
   */
  stalled(stream: number, from: Http2Side, place: Place): void
  /**
   * A sender (`from`) told to be `stalled` got more, or after a loss is not known to wait any longer. The place is in
   * what either side sent.
   */
  resumed(stream: number, from: Http2Side, place: Place): void
  /**
   * What breaks RFC 9113 or 7541; at most 64 a side. One short sentence for the user. Stream 0: the connection. A fault
   * of fields follows their `headers`.
   */
  fault(stream: number, from: Http2Side, text: string, place: Place): void
}
