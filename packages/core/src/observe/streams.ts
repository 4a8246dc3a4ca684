// What the two streams of a connection turn out to be: HTTP/1, another protocol, or opaque. First bytes decide.
import { type Bytes, latin1 } from '../bytes/read.ts'
import { isFrames, senderOf } from '../app/http2/frame.ts'
import { type ProxiedFor, readProxyHeader } from '../app/proxy-protocol.ts'
import { sniff, type Sniffed } from '../app/sniff.ts'
import type { ConnectionTracker, StreamEvents } from '../flow/connection.ts'
import type { StreamSink } from '../flow/half.ts'
import { type Engine, SettledEngine, type Told } from './engine.ts'
import { NO_EXCHANGES } from './exchange-table.ts'
import { MessageExchanges } from './exchanges.ts'
import { Http2Exchanges } from './http2-exchanges.ts'
import type { Surroundings } from './ledger.ts'
import { CLIENT, type Moment, SERVER, type SideIndex } from './observations.ts'
import { TlsStreams } from './tls-streams.ts'

/** First bytes kept of a side that is not read, and bytes after which an undecided stream is unknown. */
const FIRST_BYTES = 64
/** How much of a DNS-over-TCP stream is kept: one message with its length (RFC 1035 section 4.2.2). */
const DNS_BYTES = 4096

/** Packets of a connection met mid-stream that are looked at for the start of a message. */
const MIDSTREAM_TRIES = 65_536

const NO_BYTES: Bytes = new Uint8Array(0)

const otherOf = (side: SideIndex): SideIndex => (side === 0 ? 1 : 0)

/** `undecided` still; `read` by the engine; `opaque`: nobody reads it. */
type Reading = 'undecided' | 'read' | 'opaque'

/** One side while it is undecided, and what is kept of it when it stays opaque. */
class SideState {
  reading: Reading = 'undecided'
  speaks: Sniffed | null = null
  firstBytes = ''
  /** First bytes so far, the frame that brought them, and their position in the TCP stream. */
  head: Bytes = NO_BYTES
  frame = -1
  time = -1
  start = 1
  /** The beginning of the side was not captured: a message may begin with any packet. */
  headless = false

  renew(): void {
    this.reading = 'undecided'
    this.speaks = null
    this.firstBytes = ''
    this.head = NO_BYTES
    this.frame = -1
    this.time = -1
    this.start = 1
    this.headless = false
  }
}

/** What is known of streams beside their bytes, which may become more. */
interface Origin {
  /** Which side is the client where the bytes do not tell. */
  readonly opener: SideIndex
  /** The streams were met somewhere in their middle. */
  readonly isMidstream: boolean
}

/**
 * Two streams, those of a TCP connection or those inside its TLS: sniffed, then read by an engine. Sides are the
 * tracker's; positions are in the TCP streams.
 */
export class StreamPair {
  readonly sides: [SideState, SideState] = [new SideState(), new SideState()]
  engine: Engine | null = null
  /** Which side asks, -1 while unknown. */
  client: SideIndex | -1 = -1
  /** Whom a load balancer's PROXY header says the connection is for. */
  proxiedFor: ProxiedFor | null = null
  proxyHeader = false
  readonly #surroundings: Surroundings
  readonly #origin: Origin
  #keep: number
  #tries = 0

  constructor(surroundings: Surroundings, origin: Origin, keep: number = FIRST_BYTES) {
    this.#surroundings = surroundings
    this.#origin = origin
    this.#keep = keep
  }

  /** As it was when it was made. */
  renew(keep: number): void {
    for (const side of this.sides) side.renew()
    this.engine = null
    this.client = -1
    this.proxiedFor = null
    this.proxyHeader = false
    this.#keep = keep
    this.#tries = 0
  }

  /** Whether anybody wants more bytes of a side. */
  wants(from: SideIndex): boolean {
    const side = this.sides[from]
    return side.reading !== 'opaque' || side.firstBytes.length < this.#keep
  }

  push(from: SideIndex, bytes: Bytes, at: number, end: number, position: number, frame: number, time: number): void {
    const side = this.sides[from]
    if (side.reading === 'read') this.engine!.push(from, bytes, at, end, position, frame, time)
    else if (side.reading === 'opaque') this.#keepFirst(side, bytes, at, end)
    else this.#collect(from, side, bytes, at, end, position, frame, time)
  }

  gap(from: SideIndex, length: number, position: number, frame: number, time: number): void {
    const side = this.sides[from]
    if (side.reading === 'undecided') {
      if (side.head.length > 0) this.#decideHead(from, side, true, side.frame, side.time)
      // The beginning of the answers is missing; the engine finds the next one.
      else if (this.#answers(from)) side.reading = 'read'
      else side.headless = true
    }
    if (side.reading === 'read') this.engine!.gap(from, length, position, frame, time)
  }

  finish(from: SideIndex, closed: boolean, frame: number, time: number): void {
    this.#decideLast(from)
    if (this.sides[from].reading === 'read') this.engine!.finish(from, closed, frame, time)
  }

  end(frame: number, time: number): void {
    this.#decideLast(0)
    this.#decideLast(1)
    this.engine?.end(frame, time)
  }

  /** Lets go of the engine where it has nothing more to find out, which most often is long before the connection goes. */
  settle(frame: number, time: number): void {
    if (this.engine?.isSettled !== true) return
    this.engine.end(frame, time)
    this.engine = new SettledEngine(this.engine.told())
  }

  told(): Told {
    return this.engine?.told() ?? NOTHING_TOLD
  }

  standing(): Told {
    return this.engine?.standing() ?? this.told()
  }

  forget(time: number): void {
    this.engine?.forget(time)
  }

  /** No more bytes are to come: those that are there must do. */
  #decideLast(from: SideIndex): void {
    const side = this.sides[from]
    if (side.reading === 'undecided' && side.head.length > 0) this.#decideHead(from, side, true, side.frame, side.time)
  }

  /** The other side asks in a protocol whose answers are judged as answers, whatever they look like. */
  #answers(from: SideIndex): boolean {
    const other = otherOf(from)
    return this.client === other && this.sides[other].reading === 'read' && this.engine!.takesAnyAnswer
  }

  /** Looks at the first bytes of a side; a handful may be too few to tell. */
  #collect(
    from: SideIndex,
    side: SideState,
    bytes: Bytes,
    at: number,
    end: number,
    position: number,
    frame: number,
    time: number,
  ): void {
    if (side.head.length === 0) {
      side.frame = frame
      side.time = time
      side.start = position
      if (this.#answers(from)) {
        side.speaks = sniffed(bytes, at, end)
        side.reading = 'read'
        if (!this.engine!.expects(from, side.speaks)) this.#keepFirst(side, bytes, at, end)
        this.engine!.push(from, bytes, at, end, position, frame, time)
        return
      }
    }
    if (this.#isHeadless(side) && this.engine?.expects(from, 'http2') === true) {
      // The other side is in the midst of it: the reader finds its way in as well.
      side.speaks = 'http2'
      this.#read(from, side, bytes, at, end, position, frame, time)
      return
    }
    const length = side.head.length + end - at
    // Met mid-stream, a packet may as well be the end of a message (or a keep-alive): each is judged by itself.
    const final = length >= FIRST_BYTES || this.#isHeadless(side)
    if (side.head.length === 0) this.#decide(from, side, bytes, at, end, final, frame, time)
    else this.#decide(from, side, joined(side.head, bytes, at, end), 0, length, final, frame, time)
  }

  /** Hands the first bytes of a side to the engine. */
  #read(
    from: SideIndex,
    side: SideState,
    bytes: Bytes,
    at: number,
    end: number,
    position: number,
    frame: number,
    time: number,
  ): void {
    side.reading = 'read'
    // Something was there before; how much, nobody knows. HTTP/2 then knows less of fields and windows.
    if (side.speaks === 'http2' && this.#isHeadless(side)) this.engine!.gap(from, 0, position, frame, time)
    this.engine!.push(from, bytes, at, end, position, frame, time)
  }

  /** A load balancer's words before the stream: what comes behind them is the stream. */
  #skipProxyHeader(from: SideIndex, side: SideState, final: boolean, frame: number, time: number): void {
    const { head } = side
    const header = readProxyHeader(head)
    if (header.length < 0) return
    this.proxiedFor ??= header.proxiedFor
    if (header.length > 0) this.proxyHeader = true
    side.head = header.length === 0 ? NO_BYTES : head.slice(header.length)
    side.start += header.length
    if (header.length === 0) side.reading = 'opaque'
    else if (head.length > header.length) this.#decideHead(from, side, final, frame, time)
  }

  #decideHead(from: SideIndex, side: SideState, final: boolean, frame: number, time: number): void {
    this.#decide(from, side, side.head, 0, side.head.length, final, frame, time)
  }

  /** Decides by the first bytes, which are kept only where more are to follow. */
  #decide(
    from: SideIndex,
    side: SideState,
    bytes: Bytes,
    at: number,
    end: number,
    final: boolean,
    frame: number,
    time: number,
  ): void {
    const what = this.#isHeadless(side) && isMidHttp2(bytes, at, end) ? 'http2' : sniff(bytes, at, end)
    const isProxyHeader = what === 'proxy-protocol'
    if (isProxyHeader || (what === 'need-more' && !final)) {
      side.head = joined(NO_BYTES, bytes, at, end)
      if (isProxyHeader) this.#skipProxyHeader(from, side, final, frame, time)
      return
    }
    side.head = NO_BYTES
    // Met in the middle of a message: the next message may begin with any of the packets to come.
    const told = what === 'need-more' ? 'unknown' : what
    if (this.#isHeadless(side) && (told === 'unknown' || told === 'text') && this.#tries++ < MIDSTREAM_TRIES) return
    side.speaks = told
    if (this.#engage(from, told, bytes, at, end)) {
      this.#read(from, side, bytes, at, end, side.start, frame, time)
      return
    }
    side.reading = 'opaque'
    this.#keepFirst(side, bytes, at, end)
  }

  /** Finds the engine for what a side speaks. False where nobody reads that, or where it does not fit the other side. */
  #engage(from: SideIndex, speaks: Sniffed, bytes: Bytes, at: number, end: number): boolean {
    if (this.engine !== null) return this.engine.expects(from, speaks)
    const found = this.#engineFor(from, speaks, bytes, at, end)
    if (found === null) return false
    const other = this.sides[otherOf(from)]
    // A plaintext answer to what nobody could read (TLS that was cut, say) is a failed opening, and no exchange.
    if (found.client !== from && other.speaks === 'tls') return false
    this.engine = found.engine
    this.client = found.client
    return true
  }

  /** The engine for a connection of which one side speaks `speaks`, and which side asks. */
  #engineFor(
    from: SideIndex,
    speaks: Sniffed,
    bytes: Bytes,
    at: number,
    end: number,
  ): { engine: Engine; client: SideIndex } | null {
    const surroundings = this.#surroundings
    const other = otherOf(from)
    switch (speaks) {
      case 'http1-request':
        return { engine: new MessageExchanges('http1', from, surroundings), client: from }
      case 'http1-response':
        return { engine: new MessageExchanges('http1', other, surroundings), client: other }
      case 'http2': {
        const client = this.#http2Client(from, bytes.subarray(at, end))
        return { engine: Http2Exchanges.begun(client, surroundings), client }
      }
      case 'tls': {
        const client =
          (helloBy(bytes.subarray(at, end)) ?? (this.#origin.opener === from ? CLIENT : SERVER)) === CLIENT
            ? from
            : other
        const inside = new StreamPair(surroundings, { opener: client, isMidstream: false })
        return { engine: new TlsStreams(client, surroundings, inside), client }
      }
      case 'fastcgi':
      case 'ajp': {
        const client = isRequestOf(speaks, bytes.subarray(at, end)) ? from : other
        return { engine: new MessageExchanges(speaks, client, surroundings), client }
      }
      case 'uwsgi':
      case 'scgi':
        return { engine: new MessageExchanges(speaks, from, surroundings), client: from }
      default:
        return null
    }
  }

  /** The client begins with a preface, the server with SETTINGS; in the midst of a connection fields tell. */
  #http2Client(from: SideIndex, head: Bytes): SideIndex {
    if (head[0] === PREFACE) return from
    if (!this.#isHeadless(this.sides[from])) return otherOf(from)
    return senderOf(head, 0, head.length) === CLIENT ? from : otherOf(from)
  }

  #isHeadless(side: SideState): boolean {
    return side.headless || this.#origin.isMidstream
  }

  #keepFirst(side: SideState, bytes: Bytes, at: number, end: number): void {
    const room = this.#keep - side.firstBytes.length
    if (room > 0) side.firstBytes += latin1(bytes, at, Math.min(end, at + room))
  }
}

/** What the streams of a connection turned out to be, for who does not read them. */
export type Heard = Pick<StreamPair, 'sides' | 'client' | 'proxiedFor' | 'proxyHeader' | 'told' | 'standing'>

const NOTHING_TOLD: Told = { exchanges: NO_EXCHANGES, http2: null, tls: null, inside: [null, null] }
const NOTHING_HEARD: Heard = {
  sides: [new SideState(), new SideState()],
  client: -1,
  proxiedFor: null,
  proxyHeader: false,
  told: () => NOTHING_TOLD,
  standing: () => NOTHING_TOLD,
}

/**
 * The streams of a TCP connection, as its tracker hands them on. What reads them is made with the first bytes: of a scan
 * or a flood there are none.
 */
export class ConnectionStreams implements StreamEvents, Origin {
  readonly #surroundings: Surroundings
  #lowerPort: SideIndex
  #isDns: boolean
  #pair: StreamPair | null = null
  #sinks: [StreamSink, StreamSink] | null = null

  /** `lowerPort`: the side with the lower port; the client is most likely the other. */
  constructor(surroundings: Surroundings, lowerPort: SideIndex, isDns: boolean) {
    this.#surroundings = surroundings
    this.#lowerPort = lowerPort
    this.#isDns = isDns
  }

  /** As it was when it was made, for another connection of the same tracker, which is renewed itself. */
  renew(lowerPort: SideIndex, isDns: boolean): void {
    this.#lowerPort = lowerPort
    this.#isDns = isDns
    this.#pair?.renew(keptOf(isDns))
  }

  get heard(): Heard {
    return this.#pair ?? NOTHING_HEARD
  }

  get opener(): SideIndex {
    const { synFrom } = this.#surroundings.connection
    return synFrom < 0 ? otherOf(this.#lowerPort) : (synFrom as SideIndex)
  }

  get isMidstream(): boolean {
    return this.#surroundings.connection.synFrom < 0
  }

  sink(from: SideIndex): StreamSink | null {
    this.#sinks ??= this.#begin()
    return this.#pair!.wants(from) ? this.#sinks[from] : null
  }

  #begin(): [StreamSink, StreamSink] {
    const { connection } = this.#surroundings
    const pair = new StreamPair(this.#surroundings, this, keptOf(this.#isDns))
    this.#pair = pair
    return [new TcpStream(connection, pair, 0), new TcpStream(connection, pair, 1)]
  }

  closed(from: SideIndex, moment: Moment): void {
    this.#pair?.finish(from, true, moment.frame, moment.time)
  }

  reset(_from: SideIndex, moment: Moment): void {
    // What was sent is sent: a reset ends both directions wherever they stand.
    this.#pair?.finish(0, false, moment.frame, moment.time)
    this.#pair?.finish(1, false, moment.frame, moment.time)
  }

  /** Both sides have closed. */
  settle(frame: number, time: number): void {
    this.#pair?.settle(frame, time)
  }

  forget(time: number): void {
    this.#pair?.forget(time)
  }

  end(frame: number, time: number): void {
    this.#pair?.end(frame, time)
  }
}

const keptOf = (isDns: boolean): number => (isDns ? DNS_BYTES : FIRST_BYTES)

class TcpStream implements StreamSink {
  readonly #connection: ConnectionTracker
  readonly #pair: StreamPair
  readonly #from: SideIndex

  constructor(connection: ConnectionTracker, pair: StreamPair, from: SideIndex) {
    this.#connection = connection
    this.#pair = pair
    this.#from = from
  }

  push(bytes: Bytes, at: number, end: number, frame: number, time: number): void {
    this.#pair.push(this.#from, bytes, at, end, this.#connection.halves[this.#from].handing, frame, time)
  }

  gap(length: number, frame: number, time: number): void {
    const { next } = this.#connection.halves[this.#from]
    this.#pair.gap(this.#from, length, next - length, frame, time)
  }
}

/** A packet of frames, and it shows who sent it. */
const isMidHttp2 = (b: Bytes, at: number, end: number): boolean => isFrames(b, at, end) && senderOf(b, at, end) !== null

/** A copy: whoever reads the capture may use its buffers again. */
function joined(head: Bytes, bytes: Bytes, at: number, end: number): Bytes {
  const both = new Uint8Array(head.length + end - at)
  both.set(head)
  both.set(bytes.subarray(at, end), head.length)
  return both
}

/** The first byte of an HTTP/2 client's preface. */
const PREFACE = 80

/** Which side's hello a TLS stream begins with: handshake record, or SSL 2.0 form; null where with neither. */
function helloBy(head: Bytes): SideIndex | null {
  if (head[0] >= 0x80) return CLIENT
  if (head[0] !== 0x16 || head.length < 6) return null
  return head[5] === 1 ? CLIENT : head[5] === 2 ? SERVER : null
}

/** FCGI_BEGIN_REQUEST is record type 1; AJP packets to the container begin with 0x12. */
const isRequestOf = (protocol: 'fastcgi' | 'ajp', head: Bytes): boolean =>
  protocol === 'fastcgi' ? head[1] === 1 : head[0] === 0x12

function sniffed(bytes: Bytes, at: number, end: number): Sniffed {
  const what = sniff(bytes, at, end)
  return what === 'need-more' ? 'unknown' : what
}
