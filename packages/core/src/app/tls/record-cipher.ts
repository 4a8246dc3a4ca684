// What record protections have in common: they open a record under one key, given its sequence number.
import type { Bytes } from '../../bytes/read.ts'

/** One direction's records under one key. */
export interface RecordCipher {
  /**
   * Opens the record body with the header's `type` and `version`, under the first sequence number of `from` to `to` that
   * fits. Null: none does. What is opened is valid until the next call.
   */
  open(from: number, to: number, type: number, version: number, body: Bytes): OpenedBody | null
  /** Records are missing, or were passed over, before the next. */
  skip(): void
}

export interface OpenedBody {
  sequence: number
  plain: Bytes
}

/**
 * Sequence number (8 bytes), type, version, length: what TLS 1.2 and before authenticate of a record beside its content
 * (RFC 5246 sections 6.2.3.1 and 6.2.3.3).
 */
export const PSEUDO_HEADER = 13

/** The record header as on the wire, into 5 bytes at `at`. */
export function writeHeader(to: Bytes, at: number, type: number, version: number, length: number): void {
  to[at] = type
  to[at + 1] = version >> 8
  to[at + 2] = version
  to[at + 3] = length >> 8
  to[at + 4] = length
}

/** 64 bits, of which a number holds 53, into the first 8 bytes. */
export function writeSequence(to: Bytes, sequence: number): void {
  let rest = sequence
  for (let at = 7; at >= 0; at--) {
    to[at] = rest
    rest = Math.floor(rest / 256)
  }
}
