// What is known of one gateway product: how its answers look, which status it gives a failure, which timers it runs.
// The values are defaults; a site's configuration may differ, so nothing here is proof by itself.

/**
 * What a matching fingerprint says. `made`: this product wrote the answer itself (its stock error page, or a field that
 * it sets only on its own errors). `passed`: the answer came through it, whoever wrote it. `hint`: supports, never
 * decides; two are needed.
 */
export type Evidence = 'made' | 'passed' | 'hint'

/** One place to look at. `pattern` is a regular expression, case-sensitive; the body is latin1 and cut at 1 KiB. */
export interface Fingerprint {
  where: 'header' | 'body' | 'reason'
  /** Field name in lower case; only with `header`. */
  name?: string
  /** Only on answers with this status. */
  status?: number
  pattern: string
  evidence: Evidence
}

/** A request field the product adds on its upstream leg. It counts only `with`, or `without`, the other field. */
export interface RequestMark {
  name: string
  pattern: string
  with?: string
  without?: string
}

/** What went wrong at the upstream, as a gateway tells failures apart. */
export type Failure =
  | 'connect-refused'
  | 'connect-unreachable'
  | 'connect-timeout'
  | 'name-resolution'
  | 'tls-failure'
  | 'tls-timeout'
  | 'no-healthy-upstream'
  | 'closed-before-response'
  | 'reset-before-response'
  | 'keepalive-race'
  | 'malformed-response'
  | 'header-too-large'
  | 'read-timeout'
  | 'body-stall'
  | 'body-truncated'
  | 'queue-full'

/** Status the client gets; `close`: its connection ends with no answer; `truncate`: the begun answer is cut short. */
export type Dress = number | 'close' | 'truncate'
export type Statuses = { readonly [failure in Failure]?: Dress }

/**
 * `connect` covers TCP and, with most products, TLS. `request` and `response` run between writes and reads. `total`
 * is never restarted. `idle-upstream` keeps a pooled connection, `idle-client` a client's.
 */
export type TimerPhase =
  | 'connect'
  | 'dns'
  | 'request'
  | 'response'
  | 'total'
  | 'queue'
  | 'idle-upstream'
  | 'idle-client'

export interface Timer {
  phase: TimerPhase
  setting: string
  /** Default in seconds; 0: no limit; null: none, or not known. */
  seconds: number | null
  /** Value in the configuration that distributions ship, where it differs. */
  packaged?: number
}

export interface Product {
  id: string
  name: string
  /** Id of the engine it is built on, often another product's, or its own: one engine, one set of stock pages. */
  engine: string
  fingerprints: readonly Fingerprint[]
  requestMarks?: readonly RequestMark[]
  statuses: Statuses
  timers: readonly Timer[]
  /** Seconds by which the timers fire late, where the product looks at them only now and then. */
  timerSlack?: number
  /** Largest response header section (or line, where the setting says so) it takes from an upstream. */
  headerLimit?: { setting: string; bytes: number | null }
  addsToRequest: readonly string[]
  addsToResponse: readonly string[]
}
