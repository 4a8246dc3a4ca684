// The document: what `diagnose` answers and what other programs rely on. Names here are a promise; see schema.ts.
import type { CauseClass, CauseCode, Domain } from '../diagnose/catalogue.ts'

export type Confidence = 'certain' | 'likely' | 'possible'
export type Vantage = 'client' | 'proxy-front' | 'proxy-back' | 'upstream'
export type Outcome = 'pass' | 'fail' | 'unknown' | 'not-applicable'

/** A frame of a capture: `capture` is the id in `captures`, `frame` counts from 1. */
export interface FrameRef {
  capture: number
  frame: number
}

export interface Finding {
  text: string
  frames: FrameRef[]
}

export interface Clock {
  /** Seconds to subtract from this capture's times to get the first capture's clock; null when not known. */
  offsetSeconds: number | null
  low: number | null
  high: number | null
  /**
   * Packets that both captures saw, directly or over others; or requests and tries, of which one is known to follow from
   * the other: then the bounds are what cause and effect allow. Null for the first capture, and where nothing is known.
   */
  by: 'packets' | 'cause-and-effect' | null
  /** How much faster the clock runs than the first one's, where it does for sure; in parts per million. */
  driftPpm: { low: number; high: number } | null
  steps: ClockStep[]
  /** Several ways to tell the offset contradict each other; `low` and `high` are widened until they do not. */
  isContradictory: boolean
}

/**
 * A moment at which the clock was set: between two times, in seconds after the capture's first frame, by so much. `low` is
 * null where it ran back and nothing tells how long it stood between the frames.
 */
export interface ClockStep {
  afterSeconds: number
  beforeSeconds: number
  low: number | null
  high: number
}

export interface CaptureSummary {
  id: number
  file: string
  format: string
  frames: number
  /** RFC 3339 with nanoseconds, UTC; null without frames. */
  first: string | null
  last: string | null
  vantages: Vantage[]
  clock: Clock
  warnings: string[]
}

export interface Attempt {
  upstream: string | null
  proxyBack: string | null
  /** Cause of this attempt's failure; null when it succeeded. */
  cause: CauseCode | null
  startSeconds: number | null
  durationSeconds: number | null
}

export interface RuledOut {
  cause: CauseCode
  because: string
  frames: FrameRef[]
}

export interface CheckStep {
  step: number
  outcome: Outcome
  text: string
  frames: FrameRef[]
}

export interface MissingCapture {
  vantage: Vantage
  because: string
  command: string
  /** Causes that it would confirm or exclude; empty where the cause is still unknown. */
  decides?: CauseCode[]
  /** The same capture on Windows: commands in order, the last two when it has happened again. */
  windows?: string[]
  /** How to get the key log without which such a capture would say no more than these. */
  keys?: string
}

/** One line of the packet story, for a person: what happened on which leg. `seconds` counts from the client's request. */
export interface TimelineEntry {
  seconds: number
  leg: 'client' | 'upstream' | 'name-service'
  /** Endpoints of the arrow; either may be null. */
  from: string | null
  to: string | null
  text: string
  frames: FrameRef[]
  /** True on the entries that decide the cause. */
  deciding: boolean
}

/** A connection from one proxy to the next. */
export interface Hop {
  from: string
  to: string
}

export interface Incident {
  id: string
  /** Status the client got; null: none was sent, or it cannot be known. */
  status: number | null
  /** False: the client leg is not captured, or encrypted and not decrypted; status is inferred or null. */
  statusSeen: boolean
  time: string
  method: string | null
  path: string | null
  host: string | null
  client: string | null
  proxyFront: string | null
  /** From proxy to proxy, where there are several, in the order in which the request passed them. */
  hops: Hop[]
  /** Of the proxy that asked the upstream: the last one, where there are several. */
  proxyBack: string | null
  upstream: string | null
  /** Id of the product that made the answer, as in the gateway table; null when it cannot be told. */
  gateway: string | null
  cause: CauseCode
  class: CauseClass
  domain: Domain
  confidence: Confidence
  summary: string
  waitSeconds: number | null
  attempts: Attempt[]
  contributing: CauseCode[]
  /** Causes that fit as well and cannot be excluded, best first, with what would decide. Empty when certain. */
  competing: RuledOut[]
  ruledOut: RuledOut[]
  findings: Finding[]
  timeline: TimelineEntry[]
  checklist: CheckStep[]
  missing: MissingCapture[]
  remedies: string[]
  /** Wireshark display filters, one a capture, that show exactly this incident's connections, of HTTP/2 its stream; of many attempts the first and the last. */
  filters: { capture: number; filter: string }[]
}

export interface DiagnosisDocument {
  schema: 'pcap-surgery/diagnosis@1'
  captures: CaptureSummary[]
  incidents: Incident[]
  masked: Incident[]
  healthy: { exchanges: number }
  /** What could not be read or judged, for the user: opaque streams, TLS without its keys, unknown link types, damaged files. */
  notes: string[]
}
