// Fields of a request that survive a proxy, read in one pass over the header section without making a string for the
// lines that do not matter. They pair the client's exchange with the attempts at its upstreams.
import type { Bytes } from '../bytes/read.ts'
import { knownText } from '../bytes/text.ts'

export interface PairingFields {
  host: string | null
  /** `name=value` of each identifier found; of a traceparent only the trace id, as the span id changes at each hop. */
  ids: string[]
  /** Whom the request was forwarded for: the last address of X-Forwarded-For or Forwarded, with port where given. */
  forwardedFor: string | null
}

/** Identifiers that gateways and applications pass on unchanged, by length of the name. */
const IDS = [
  'x-request-id',
  'x-correlation-id',
  'traceparent',
  'x-amzn-trace-id',
  'x-b3-traceid',
  'x-unique-id',
  'uber-trace-id',
  'request-id',
  'x-trace-id',
  'x-cloud-trace-context',
  'x-kong-request-id',
  'idempotency-key',
]
/** All names that are looked for, by their length. */
const WANTED: string[][] = []
for (const name of ['host', 'x-forwarded-for', 'forwarded', 'x-real-ip', ...IDS]) {
  WANTED[name.length] = [...(WANTED[name.length] ?? []), name]
}

/** Identifiers kept of one request, and characters of each. */
const KEPT_IDS = 8
const LONGEST_ID = 512

/** Most requests carry none: an array for each would only cost memory. */
const NO_IDS: string[] = []

const LF = 10
const COLON = 58

/** Reads the header section in `head`, start line included. */
export function readPairingFields(head: Bytes): PairingFields {
  const fields: PairingFields = { host: null, ids: NO_IDS, forwardedFor: null }
  const length = head.length
  let at = behind(head, 0, LF)
  while (at < length) {
    const end = behind(head, at, LF)
    const colon = behind(head, at, COLON) - 1
    if (colon > at && colon < end - 1) {
      const name = wanted(head, at, colon)
      if (name !== null) take(fields, name, knownText(head, colon + 1, end - 1).trim())
    }
    at = end
  }
  return fields
}

/** Offset behind the first such byte from `at` on, or behind one that would follow the last byte. */
function behind(b: Bytes, at: number, byte: number): number {
  let p = at
  while (p < b.length && b[p] !== byte) p++
  return p + 1
}

function wanted(b: Bytes, at: number, end: number): string | null {
  const names = end - at < WANTED.length ? WANTED[end - at] : undefined
  if (names !== undefined) for (const name of names) if (isName(b, at, name)) return name
  return null
}

function isName(b: Bytes, at: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const c = b[at + i]
    if ((c >= 65 && c <= 90 ? c | 32 : c) !== name.charCodeAt(i)) return false
  }
  return true
}

function take(fields: PairingFields, name: string, value: string): void {
  if (name === 'host') fields.host ??= value
  else if (name === 'x-forwarded-for') fields.forwardedFor = value.slice(value.lastIndexOf(',') + 1).trim()
  else if (name === 'forwarded') fields.forwardedFor ??= forwardedNode(value)
  else if (name === 'x-real-ip') fields.forwardedFor ??= value
  else if (fields.ids.length >= KEPT_IDS) return
  else if (name === 'traceparent') fields.ids = [...fields.ids, `${name}=${value.slice(3, 35)}`]
  else if (value !== '') fields.ids = [...fields.ids, `${name}=${value.slice(0, LONGEST_ID)}`]
}

/** The last `for=` of a Forwarded field (RFC 7239 section 4), without quotes. */
function forwardedNode(value: string): string | null {
  const found = [...value.matchAll(/for=("?)([^";,]+)\1/gi)].at(-1)
  return found === undefined ? null : found[2]
}
