// What a session needs of decryption, and no more: it reads hellos, whoever has keys opens records.
import type { Bytes } from '../../bytes/read.ts'

/** The keys a record is under. TLS 1.2 and before know one set, from ChangeCipherSpec on: `application`. */
export type Epoch = 'early' | 'handshake' | 'application'

/** What the hellos agreed on, as far as keys depend on it. */
export interface SessionParameters {
  /** 0x0300 to 0x0304; drafts of TLS 1.3 as 0x7f00 with their number. */
  version: number
  /** Cipher suite, and the one that early data are under: both from the ServerHello. */
  cipher: number
  clientRandom: Bytes
  serverRandom: Bytes
  /** Both hellos carry extended_master_secret (RFC 7627). */
  extendedMasterSecret: boolean
  /** Both hellos carry encrypt_then_mac (RFC 7366). */
  encryptThenMac: boolean
  /** The ClientHello offers early data (RFC 8446 section 4.2.10). */
  earlyData: boolean
}

/** What was inside of a record: its true content type, and `bytes[at..end)`, valid until the next call. */
export interface OpenedRecord {
  type: number
  bytes: Bytes
  at: number
  end: number
  /** Records of the direction that must lie between this one and the one opened before, by its sequence number. */
  skipped: number
}

/** Opens the protected records of one session. Counts sequence numbers for each direction and epoch. */
export interface Protection {
  /**
   * Opens the record body `bytes[at..end)` with the header's `type` and `version`. Null: the keys do not fit, or
   * there are none for this epoch; nothing is counted then.
   */
  open(
    from: 0 | 1,
    epoch: Epoch,
    type: number,
    version: number,
    bytes: Bytes,
    at: number,
    end: number,
  ): OpenedRecord | null
  /** That side goes on with its next keys (RFC 8446 section 7.2). */
  keyUpdate(from: 0 | 1): void
  /** `count` records of the direction's present epoch were not captured. */
  skip(from: 0 | 1, count: number): void
}

/**
 * Looks for the secrets of the session that this ClientHello began. Null: there are none. What is returned makes the
 * protection once the ServerHello is known; null again where the suite is not supported.
 */
export type FindProtection = (clientRandom: Bytes) => ((parameters: SessionParameters) => Protection | null) | null
