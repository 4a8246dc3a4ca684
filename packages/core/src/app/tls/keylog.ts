// Key log files (RFC 9850, "SSLKEYLOGFILE"): a line a secret, `<label> <client random> <secret>` in hexadecimal. Clients,
// servers and proxies write them on demand; a capture in pcapng may carry one in its Decryption Secrets Block.
//
// The file is full of secrets. Nothing of its text goes into a fault: a line is named by its number alone.
import { hexOf, unhex, type Bytes } from '../../bytes/read.ts'

/** Labels whose secrets open records. `CLIENT_RANDOM` is TLS 1.2 and older, the others are TLS 1.3. */
export type SecretLabel =
  | 'CLIENT_RANDOM'
  | 'CLIENT_EARLY_TRAFFIC_SECRET'
  | 'CLIENT_HANDSHAKE_TRAFFIC_SECRET'
  | 'SERVER_HANDSHAKE_TRAFFIC_SECRET'
  | 'CLIENT_TRAFFIC_SECRET_0'
  | 'SERVER_TRAFFIC_SECRET_0'

/**
 * What the log has of one handshake: the master secret of 48 bytes (`CLIENT_RANDOM`), traffic secrets of 32 or 48 bytes.
 * A session that resumes another has its own lines, under its own client random.
 */
export type SessionSecrets = { readonly [label in SecretLabel]?: Bytes }

/** What of a key log could not be used. Counts, and the numbers of lines; never their text. */
export interface KeyLogFaults {
  /** Lines that are neither key log lines nor comments: cut, interleaved by two writers, of a wrong length. */
  malformed: number
  /** Numbers of the first 16 of them, from 1. */
  malformedLines: number[]
  /** `RSA ...` lines, which name a session by its ID or its encrypted premaster secret, and labels that nobody knows. */
  unsupported: number
  /** Lines whose secret is `-` or not there: proxies that log through a format string write them for every label. */
  empty: number
  /** Lines that give another secret for a label and client random than a line before. The last one counts. */
  contradicting: number
}

/** Secrets of many handshakes, found by client random. They cannot be listed, and do not show in a dump of the object. */
export class KeyLog {
  readonly faults: KeyLogFaults = { malformed: 0, malformedLines: [], unsupported: 0, empty: 0, contradicting: 0 }
  /** Hexadecimal digits as the log has them, by those of the client random: of a million secrets few are asked for. */
  readonly #sessions = new Map<string, { [label in SecretLabel]?: string }>()

  /** Handshakes of which there is at least one secret. */
  get size(): number {
    return this.#sessions.size
  }

  /** Secrets of the handshake whose ClientHello has this random of 32 bytes; null where the log does not have it. */
  find(clientRandom: Bytes): SessionSecrets | null {
    const session = this.#sessions.get(hexOf(clientRandom))
    if (session === undefined) return null
    return Object.fromEntries(Object.entries(session).map(([label, digits]) => [label, unhex(digits)]))
  }

  /** One more secret. Both are hexadecimal digits. */
  add(label: SecretLabel, clientRandom: string, secret: string): void {
    const key = clientRandom.toLowerCase()
    const session = this.#sessions.get(key)
    if (session === undefined) {
      this.#sessions.set(key, { [label]: secret })
      return
    }
    const before = session[label]
    if (before !== undefined && before.toLowerCase() !== secret.toLowerCase()) this.faults.contradicting++
    session[label] = secret
  }

  /** Takes the secrets of the other log in. Its faults stay its own: their line numbers belong to another file. */
  merge(other: KeyLog): void {
    for (const [key, secrets] of other.#sessions) {
      this.#sessions.set(key, { ...this.#sessions.get(key), ...secrets })
    }
  }
}

const MASTER_SECRET = 48
const MAX_NAMED_LINES = 16
/** No line that makes sense is longer, and text without line ends should not cost more than finding that out. */
const MAX_LINE = 1024

/** A secret that the writer did not have is `-` or not there; then the client random may be `-` too. */
const LINE = /^([A-Z0-9_]+)[ \t]+(?:([0-9a-fA-F]{64})(?:[ \t]+(?:([0-9a-fA-F]+)|-))?|-[ \t]+(?:[0-9a-fA-F]+|-))?$/

/** Known, and of no use for opening records (RFC 9850 section 2): not worth a word. */
const SILENT = new Set(['EXPORTER_SECRET', 'EARLY_EXPORTER_SECRET', 'ECH_SECRET', 'ECH_CONFIG'])

const LABELS: { readonly [label in SecretLabel]: readonly number[] } = {
  CLIENT_RANDOM: [MASTER_SECRET],
  // As long as the hash of the suite.
  CLIENT_EARLY_TRAFFIC_SECRET: [32, 48],
  CLIENT_HANDSHAKE_TRAFFIC_SECRET: [32, 48],
  SERVER_HANDSHAKE_TRAFFIC_SECRET: [32, 48],
  CLIENT_TRAFFIC_SECRET_0: [32, 48],
  SERVER_TRAFFIC_SECRET_0: [32, 48],
}

/** Reads a whole key log. Never throws: what makes no sense is counted in `faults`. */
export function parseKeyLog(text: string): KeyLog {
  const log = new KeyLog()
  let number = 0
  let at = 0
  while (at < text.length) {
    const lineEnd = text.indexOf('\n', at)
    const end = lineEnd < 0 ? text.length : lineEnd
    number++
    if (!readLine(log, text, at, end)) {
      log.faults.malformed++
      if (log.faults.malformedLines.length < MAX_NAMED_LINES) log.faults.malformedLines.push(number)
    }
    at = end + 1
  }
  return log
}

/** False where the line is malformed. */
function readLine(log: KeyLog, text: string, at: number, end: number): boolean {
  const line = text.slice(at, Math.min(end, at + MAX_LINE)).trim() // of a byte order mark too
  if (line === '' || line.startsWith('#')) return true
  if (line.startsWith('RSA ') || line.startsWith('PMS_CLIENT_RANDOM ')) {
    log.faults.unsupported++
    return true
  }
  const parts = end - at > MAX_LINE ? null : LINE.exec(line)
  if (parts === null) return false
  const [, label, random, secret] = parts
  if (SILENT.has(label)) return true
  if (!isLabel(label)) {
    log.faults.unsupported++
    return true
  }
  if (secret === undefined) {
    log.faults.empty++
    return true
  }
  if (!LABELS[label].includes(secret.length / 2)) return false
  log.add(label, random, secret)
  return true
}

const isLabel = (text: string): text is SecretLabel => Object.hasOwn(LABELS, text)
