// Who says what of a byte of payload. The anonymiser overwrites every one with `FILL`; a scrubber, which reads the
// messages of a stream, names those that stay and those that something of the same length stands for. So what nobody
// understood is gone. Texts are one character a byte (`latin1`).
import type { Bytes } from '../../bytes/read.ts'

/** Stands for every byte that nobody named: `x`. */
export const FILL = 0x78

/** The same original gets the same pseudonym, in every capture and on both legs, and different ones different ones. */
export interface Pseudonyms {
  /** Of 4 or 16 bytes, as many. Addresses of one network stay in one; special ones stay what they are. */
  address(original: Bytes): Bytes
  /** Of an IP address as text, without port or brackets, as many characters; null for any other text. */
  addressText(text: string): string | null
  /** Of 6 bytes. Broadcast and groups that everybody has stay, but for the bytes of an address that are in it. */
  mac(original: Bytes): Bytes
  /**
   * Of a word, case-sensitive: as many letters of either case and digits, each kind in its places, and as many bits in
   * HPACK's Huffman code (RFC 7541 appendix B). Numbers stay numbers without a leading zero, hexadecimal with digits
   * and letters stays hexadecimal. Other ASCII characters stay; the caller splits at those that matter.
   */
  word(text: string): string
  /** Of a word in whatever case, as a DNS label: `word` of its lower-case form, in the case of the original. */
  name(text: string): string
  /** Of hexadecimal digits that must stay such, even where they are digits alone or letters alone. */
  hex(text: string): string
  /** Of keys, signatures, serial numbers: as many bytes, told from the bytes. */
  noise(original: Bytes): Bytes
}

export type Side = 0 | 1

/**
 * What becomes of the bytes of a connection. Positions are those of `Scrubber.data`; ranges come in any order and may
 * touch. Where both are said of a byte, `replace` holds.
 */
export interface StreamEdits {
  /** The bytes `from` to `to - 1` stay, as they were sent first. */
  keep(side: Side, from: number, to: number): void
  /** These stand for those at `from`, as many. They belong to the edits from then on. */
  replace(side: Side, from: number, bytes: Bytes): void
}

/** What the first bytes may not tell; as in `observe/streams.ts`. */
export interface StreamHint {
  /** Destination or source port 53: messages behind lengths (RFC 1035 section 4.2.2). */
  isDns: boolean
  /** The side that opened, or has the higher port where that was not seen. */
  opener(): Side
  /** The streams were met somewhere in their middle. */
  isMidstream(): boolean
}

/** Reads the two streams of one TCP connection. */
export interface Scrubber {
  /** The next bytes of a side, `bytes[at]` to `bytes[end - 1]`; the first of them has this position. */
  data(side: Side, bytes: Bytes, at: number, end: number, position: number): void
  /** The bytes `from` to `to - 1` were not captured. */
  gap(side: Side, from: number, to: number): void
  /** No more come. Edits may still be made. */
  end(): void
}

/** `StreamScrubber`: `(pseudonyms, edits, hint) => new StreamScrubber(pseudonyms, edits, hint)`. */
export type MakeScrubber = (pseudonyms: Pseudonyms, edits: StreamEdits, hint: StreamHint) => Scrubber

/** `scrubDatagram`: overwrites the payload of a datagram in place, all that it does not understand with `FILL`. */
export type ScrubDatagram = (kind: 'dns', bytes: Bytes, at: number, end: number, pseudonyms: Pseudonyms) => void
