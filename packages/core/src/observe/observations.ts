// What one capture shows, as plain data: structured-cloneable, serialisable, free of packets that nobody needs again.
// Times are nanoseconds (as numbers, exact for 104 days) after `epoch`; frames count from 1; bytes are bytes.
import type { CaptureFault, CaptureInterface } from '../capture/packet.ts'
import type { MessageFault } from '../app/http1/message.ts'
import type { ProxiedFor } from '../app/proxy-protocol.ts'
import type { Sniffed } from '../app/sniff.ts'
import type { ConnectionTable } from './connection-table.ts'
import type { SetBack } from './steady-time.ts'
import type { TlsFacts } from '../app/tls/facts.ts'

/** A frame and when it was captured. */
export interface Moment {
  frame: number
  time: number
}

/** The side that sent: 0 the client (who opened the connection), 1 the server. */
export type SideIndex = 0 | 1
export const CLIENT = 0
export const SERVER = 1

/** Where name servers listen, over UDP and TCP: their lookups are told apart from connections. */
export const DNS_PORT = 53

/** Marks of a packet, as bits. */
export const RETRANSMISSION = 1
export const OUT_OF_ORDER = 2
export const KEEP_ALIVE = 4
export const WINDOW_PROBE = 8
export const GAP_BEFORE = 16
/** The bytes had been acknowledged before they were sent again. */
export const SPURIOUS = 32
export const DUPLICATE_ACK = 64
/** The segment fills the other side's receive window to the last byte. */
export const WINDOW_FULL = 128

/** Set by those who read the streams: the bytes are the protocol's own (a TLS alert or ticket), and no part of a message. */
export const CONTROL = 256

/** One packet of a connection, kept where something went wrong. */
export interface PacketRow extends Moment {
  from: SideIndex
  flags: number
  /** Sequence number relative to the sender's initial one (the SYN has 0), unwrapped. */
  seq: number
  /** Payload bytes on the wire. */
  length: number
  /** Acknowledgement number relative to the other side's initial one; -1 without ACK. */
  ack: number
  /** Receive window in bytes, scaled where the scale is known. */
  window: number
  /** Right edge of the highest SACK block, relative like `ack`; -1 without. */
  sack: number
  ttl: number
  ipId: number
  marks: number
}

/** What one side of a connection sent. */
export interface Side {
  /** Distinct payload bytes on the wire, seen or known to have been sent. */
  bytes: number
  segments: number
  retransmissions: number
  outOfOrder: number
  /** Frames that are copies of frames already captured (two interfaces, a bridge). */
  captureDuplicates: number
  /** Payload bytes that the other side acknowledged and the capture does not have. */
  missing: number
  /** Largest payload of one segment, in bytes, and the largest that the other side acknowledged. */
  largest: number
  largestAcked: number
  /** Initial sequence number (32 bit), -1 when the SYN was not seen; MSS of the SYN, -1 when unknown. */
  isn: number
  /** Sequence number (32 bit) of position 1: `isn` + 1, or of the first byte seen; -1 when nothing was seen. */
  base: number
  mss: number
  /** TTL of this side's first packet; -1 when unseen. */
  ttl: number
  /** TSval (RFC 7323 section 3.2) of its first SYN or SYN-ACK as a signed number; 0 without. */
  stamp: number
  fin: Moment | null
  /** First RST this side sent, also one whose numbers make its receiver ignore it. */
  reset: Moment | null
}

/** What an HTTP/2 connection says of itself; of each list the first 64. */
export interface Http2Facts {
  /** The capture began after the connection did: some header fields are unknown. */
  midstream: boolean
  goaways: (Moment & { from: SideIndex; lastStream: number; code: number; debug: string })[]
  /** A sender had used up the flow-control window of a stream (0: of the connection), and when it got more. */
  stalls: (Moment & { stream: number; from: SideIndex; until: Moment | null })[]
  faults: (Moment & { stream: number; from: SideIndex; text: string })[]
}

/**
 * How an exchange was carried. `tls`: inside TLS that could not be decrypted, told from the directions, sizes and times
 * of its records; method, target and status are unknown then, and where it ends is a guess.
 */
export type ExchangeProtocol = 'http1' | 'http2' | 'fastcgi' | 'uwsgi' | 'scgi' | 'ajp' | 'tls'

/** RST_STREAM (RFC 9113 section 6.4), or a GOAWAY that left the stream out (section 6.8). */
export interface StreamReset extends Moment {
  from: SideIndex
  by: 'RST_STREAM' | 'GOAWAY'
  /** Error code, RFC 9113 section 7. */
  code: number
}

/**
 * One HTTP exchange on one connection. `-1` for moments that were not seen. What a healthy exchange needs is on top;
 * `detail` is kept where something went wrong.
 */
export interface Exchange {
  /** Position among the connection's exchanges, from 0. */
  ordinal: number
  protocol: ExchangeProtocol
  /** HTTP/2 stream identifier, else -1. */
  stream: number
  method: string
  target: string
  host: string | null
  /** Identifiers that survive a proxy (X-Request-ID, traceparent ...), each as `name=value`. */
  ids: string[]
  /** Forwarding headers as sent, for pairing: last address (with port, when given) that the sender vouches for. */
  forwardedFor: string | null
  /** Length of the request body by its framing, or as far as seen; -1 when chunked and not finished. */
  bodyLength: number
  status: number
  /** `grpc-status` of the response's trailers or header section; -1 without. */
  grpcStatus: number
  request: Moment
  /** When the whole request was there: its last byte, or what filled the last hole in it; time -1 when it never ended. */
  requestEnd: Moment
  /** First byte of the final response; frame -1 when there was none. */
  response: Moment
  /**
   * When the whole response was there, or, `truncated` or `broken`, when it was cut off; time -1 when there was none or
   * it was still going on (`open`).
   */
  responseEnd: Moment
  /**
   * Relative sequence numbers: request from (inclusive) and to (exclusive), (final) response from, also where it is still
   * awaited behind an interim one. -1 unknown.
   */
  requestFrom: number
  requestTo: number
  responseFrom: number
  /** How the response ended; null while none began. `open`: still going when the capture or connection ended. */
  ended: 'complete' | 'closed' | 'truncated' | 'broken' | 'open' | null
  /** Response header section in bytes (so far), and body bytes seen. */
  headSize: number
  responseBytes: number
  /** Nanoseconds between the end of the exchange before on this connection and this request; -1 for the first. */
  idle: number
  /** True when the request opened a tunnel (101, CONNECT): nothing after it is owed. */
  tunnel: boolean
  detail: ExchangeDetail | null
}

/**
 * Exchanges of one connection while it goes on. Those without a `detail` are rows: of so many numbers, texts and
 * lists of identifiers each, in the order in which they ended.
 */
export interface ExchangeTable {
  numbers: number[]
  texts: (string | null)[]
  ids: string[][]
  /** Those with a `detail`. */
  troubled: Exchange[]
}

/** An exchange of which only sizes and times are known. */
export const isSealed = ({ protocol }: Exchange): boolean => protocol === 'tls'

export interface ExchangeDetail {
  requestVersion: number
  requestPersistent: boolean
  /** Request and response fields that name products, hops and identifiers: [lower-case name, value]. */
  requestFields: [string, string][]
  responseFields: [string, string][]
  responseVersion: number
  reason: string
  /** First bytes of the response body, at most 1 KiB, latin1. */
  body: string
  /** What a FastCGI application wrote to its standard error stream, at most 1 KiB, latin1. */
  stderr: string
  /** Length the response body should have by its framing; -1 unknown. */
  contentLength: number
  /** Header section complete; its bytes are all there. */
  headComplete: boolean
  /** Bytes of this exchange are missing in the capture (snap length, drops), or its answer or request is altogether. */
  incomplete: boolean
  requestFault: MessageFault | null
  responseFault: MessageFault | null
  /** Why an HTTP/2 stream ended before its response did. */
  streamReset: StreamReset | null
  /** Last frame with bytes of this response on its HTTP/2 stream, also where it was cut off; null where none came. */
  responseLast: Moment | null
  /**
   * Packets, as rows that `packetsOf` reads, from the end of the exchange before (from the connection's first packet on, for the first) to the start of
   * the next, first and last ones when there are many. The packet that ended the exchange before is among them.
   */
  packets: number[]
  /** Packets that were left out in the middle of `packets`. */
  packetsOmitted: number
}

/** A connection; the table has it as columns. */
export interface Connection {
  /** `address:port` or `[address]:port`. */
  client: string
  server: string
  clientAddress: string
  serverAddress: string
  clientPort: number
  serverPort: number
  /** How the sides were told apart: by SYN, by who speaks HTTP requests, or by the lower port (a guess). */
  orientation: 'syn' | 'content' | 'port'
  first: Moment
  last: Moment
  /** Who sent the last packet. */
  lastFrom: SideIndex
  /** SYNs of the client (the first 16), the first SYN-ACK, and the client's ACK of it. */
  syns: Moment[]
  synAck: Moment | null
  synAckRepeats: Moment[]
  established: Moment | null
  sides: [Side, Side]
  /** What each side's first bytes look like; null when it sent none. */
  speaks: [Sniffed | null, Sniffed | null]
  /** The TLS session that the connection carried. What its inside speaks, where it was decrypted, is in `inside`. */
  tls: TlsFacts | null
  inside: [Sniffed | null, Sniffed | null]
  http2: Http2Facts | null
  /** A PROXY header stands in front of the client's stream; whom it says the connection is for, if anybody. */
  proxyHeader: boolean
  proxiedFor: ProxiedFor | null
  /** Its exchanges by `ordinal`, the same objects every time, and how many they are. */
  exchanges: readonly Exchange[]
  exchangeCount: number
  /**
   * Packets, as rows that `packetsOf` reads, first and last ones when there are many, where there are no exchanges: else
   * they are in their details.
   */
  packets: number[]
  packetsOmitted: number
  /** First payload bytes of each side where they are no HTTP, at most 64, latin1. */
  firstBytes: [string, string]
  /** Interfaces of the capture that carried it, VLAN ids seen (-1: none). */
  interfaces: number[]
  vlans: number[]
}

export interface NameLookup {
  client: string
  server: string
  name: string
  type: string
  queries: Moment[]
  answer: Moment | null
  /** NOERROR, NXDOMAIN ...; null without answer. */
  rcode: string | null
  addresses: string[]
}

export interface IcmpError extends Moment {
  from: string
  /** Quoted packet: protocol number, addresses, ports (-1 unknown), TCP sequence number (-1 unknown). */
  protocol: number
  source: string
  destination: string
  sourcePort: number
  destinationPort: number
  sequence: number
  type: number
  code: number
  version: 4 | 6
  /** Next-hop MTU of fragmentation-needed and packet-too-big, 0 when not given, -1 for other messages. */
  mtu: number
  /** For people: "destination host unreachable". */
  text: string
}

/** ARP requests or neighbour solicitations for one address by one host up to the first answer. */
export interface NeighbourSearch {
  from: string
  target: string
  requests: Moment[]
  answer: Moment | null
}

export interface CapturePart {
  file: string
  format: string
  frames: number
  /** Frames of the parts before this one. */
  offset: number
  first: number
  last: number
  faults: CaptureFault[]
}

export interface Observations {
  version: 1
  /** Whole seconds since 1970 UTC at time 0. */
  epoch: number
  /** The file, or the rotated files in order of time; frames are counted on over them. */
  parts: CapturePart[]
  interfaces: CaptureInterface[]
  frames: number
  /** Time of the earliest and the latest packet; both -1 without packets. */
  first: number
  last: number
  /** Where the capture's clock was set back, in order: times go on over it, and `ownTimes` are those of the frames. */
  setBacks: SetBack[]
  linkTypes: number[]
  /** Frames by what became of them. */
  counts: {
    tcp: number
    syn: number
    synAck: number
    fin: number
    rst: number
    udp: number
    icmp: number
    cutBySnapLength: number
    unknownLink: number
    broken: number
    duplicates: number
    fragments: number
  }
  /** All connections, which `connectionsOf` reads. */
  connections: ConnectionTable[]
  lookups: NameLookup[]
  icmpErrors: IcmpError[]
  neighbours: NeighbourSearch[]
  /** Connections taken for over because too many were open at once. */
  evicted: number
  /** What is not in these tables because they were full. */
  forgotten: { connections: number; exchanges: number; lookups: number; icmpErrors: number; neighbours: number }
}
