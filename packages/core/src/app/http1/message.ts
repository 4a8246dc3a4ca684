// HTTP messages as a scanner reports them (RFC 9112). A message may be broken; it keeps its place all the same.
import type { Bytes } from '../../bytes/read.ts'

/** A place in a stream: byte offset since the scanner began, and the frame that carried it with its time. */
export interface Place {
  offset: number
  frame: number
  /** Nanoseconds on the capture's own time line. */
  time: number
}

/**
 * How the end of a message is known (RFC 9112 section 6.3). `tunnel`: upgrade or CONNECT, bytes are opaque after it.
 * `records`: a record of the protocol around it says so (FastCGI, AJP).
 */
export type Framing = 'none' | 'content-length' | 'chunked' | 'until-close' | 'tunnel' | 'records'

/** What breaks the grammar, and where. The text is for the user: one short sentence. */
export interface MessageFault {
  at: Place
  part: 'start-line' | 'field' | 'length' | 'chunk' | 'header-size'
  text: string
}

/** A header section: start line and fields. Owns its bytes. */
export interface Head {
  kind: 'request' | 'response'
  /** Header section as sent, up to 64 KiB; `size` is its true length in bytes with the empty line. */
  bytes: Bytes
  size: number
  /** 10 or 11 (also for 0.9 as 9); 0 when the start line does not say. */
  version: number
  /** Request: method and request target as sent. Response: ''. */
  method: string
  target: string
  /** Response: status code (100..999) and reason phrase. Request: 0 and ''. */
  status: number
  reason: string
  framing: Framing
  /** Content-Length when framing is `content-length`, or `records` and it was announced; else -1. */
  contentLength: number
  /** Neither `Connection: close` nor HTTP/1.0 without keep-alive. */
  persistent: boolean
  /** It has an `Upgrade` field. */
  upgrade: boolean
  fault: MessageFault | null
  /** Bytes of the head are missing (snap length, capture loss). */
  incomplete: boolean
  /** First value of the field, or null; name in lower case. Several lines of one name are joined by ', '. */
  field(name: string): string | null
}

/** What a scanner tells. Every `head` is followed by one `end` for the same message, unless the stream just stops. */
export interface MessageSink {
  /**
   * A header section is complete, or broken, or cannot be completed. `first` is the place of its first byte and `last`
   * of its last. Returns how many bytes of the body the scanner shall keep for `end`.
   */
  head(head: Head, first: Place, last: Place): number
  /**
   * The message is over. `complete`: by its own framing. `closed`: the stream ended where that ends it (until-close).
   * `truncated`: the stream ended, or a new message began, before the framing was satisfied. `broken`: the grammar broke
   * in the body (`fault`), the rest of the stream is skipped. `bodyLength` counts body bytes seen, framing excluded;
   * `missing` body bytes are known to exist but were not captured.
   */
  end(
    how: 'complete' | 'closed' | 'truncated' | 'broken',
    last: Place,
    bodyLength: number,
    missing: number,
    body: Bytes,
    fault: MessageFault | null,
  ): void
  /** First bytes of a message or of the part of it seen so far: a message has begun, its head is not complete yet. */
  begin(first: Place): void
  /**
   * What a sender says beside its message: standard error and exit status of a FastCGI application. Up to 1 KiB, told
   * once a message, after its `head` and before its `end`; `at` is where it began.
   */
  note?(text: string, at: Place): void
}

/**
 * Finds the messages of one direction of a connection. In-order bytes in (any split gives the same result), events
 * out, in constant memory. Bodies are counted, not looked at, unless chunked.
 */
export interface MessageScanner {
  push(bytes: Bytes, at: number, end: number, frame: number, time: number): void
  /**
   * `length` bytes of the stream exist and were not captured. Inside a body of known length the scanner counts on; in
   * a head it reports it as `incomplete` and then looks for the next start line at the start of each push.
   */
  gap(length: number, frame: number, time: number): void
  /** The sender closed its direction (FIN), was reset, or the capture ended (`closed` false). Reports what is open. */
  finish(closed: boolean, frame: number, time: number): void
  /** Response scanners only: how to frame the next response. Called when a request's head is known; in order. */
  expect(method: string): void
  /** Where the scanner stands. `lost`: looking for a start line; `tunnel`: opaque from here on. */
  readonly state: 'between' | 'head' | 'body' | 'lost' | 'tunnel' | 'broken'
  /** While in a head that is not complete: bytes of it so far. */
  readonly pending: number
}
