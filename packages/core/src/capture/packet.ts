// What every capture format is read into: one packet at a time, in a record that is used again for the next one.
import type { Bytes } from '../bytes/read.ts'

/**
 * One captured packet. The reader fills the same object for every packet and the bytes belong to the read buffer:
 * whoever wants to keep something copies it before returning.
 */
export interface Packet {
  /** Number of the packet in the capture, from 1, as Wireshark counts. */
  frame: number
  /** Time of capture: whole seconds since 1970 UTC (may be negative) and nanoseconds 0..999_999_999. */
  seconds: number
  nanoseconds: number
  /** The captured bytes are `bytes[at]` to `bytes[end - 1]`. */
  bytes: Bytes
  at: number
  end: number
  /** Length on the wire in bytes; larger than `end - at` where a snap length cut the packet. */
  wireLength: number
  /** LINKTYPE_ number of the interface (https://www.tcpdump.org/linktypes.html). */
  linkType: number
  /** Index of the interface over the whole capture (pcap: 0; pcapng: counted on over sections). */
  interfaceId: number
}

/** A record for a reader to fill. */
export const createPacket = (): Packet => ({
  frame: 0,
  seconds: 0,
  nanoseconds: 0,
  bytes: new Uint8Array(0),
  at: 0,
  end: 0,
  wireLength: 0,
  linkType: 0,
  interfaceId: 0,
})

export interface PacketSink {
  packet(packet: Packet): void
}

/** A time: seconds since 1970 UTC, may be negative, and nanoseconds 0..999_999_999. */
export interface Instant {
  seconds: number
  nanoseconds: number
}

/**
 * What a capture says beside its packets, for who hands it on; it comes in the capture's order. Options are pcapng's,
 * in little-endian, whole, without an end mark; they belong to whoever takes them. Of pcap there is one section, and
 * one interface.
 */
export interface BlockSink {
  section(options: Bytes): void
  /** Describes `info.interfaces[id]`. Its name and how it tells time are not among the options. */
  interface(id: number, options: Bytes): void
  /** Options of the packet that comes next; not called where it has none. */
  packetOptions(options: Bytes): void
  statistics(statistics: InterfaceStatistics): void
  /** A block that stands for itself: names, secrets, custom. */
  block(type: number, body: Bytes): void
  /** Something that cannot be handed on, in words that are the same for the same thing. */
  leftOut(what: string): void
}

/** pcapng interface statistics: what was counted up to `time`, in `options`. */
export interface InterfaceStatistics {
  interfaceId: number
  time: Instant
  /** When capturing began and ended; null: not stated. */
  start: Instant | null
  end: Instant | null
  options: Bytes
}

export interface CaptureInterface {
  linkType: number
  /** Snap length in bytes as the file states it, 0 when none is stated. */
  snapLength: number
  /** pcapng if_name, or null. */
  name: string | null
  /** Packets the capturing system says it dropped (pcapng ISB), or null when the file does not say. */
  dropped: number | null
}

/** Something wrong with the file. Everything before `offset` was read; `lost` says what was not. */
export interface CaptureFault {
  /** Byte offset in the (decompressed) capture. */
  offset: number
  /** Frame number before which it happened: frames up to this one are good. */
  afterFrame: number
  /** One sentence for the user, without file name. */
  text: string
  /** True when reading stopped here; false when the reader went on behind it. */
  fatal: boolean
}

/** What a reader knows about the file beside its packets. */
export interface CaptureInfo {
  format: 'pcap' | 'pcapng' | null
  interfaces: CaptureInterface[]
  faults: CaptureFault[]
  frames: number
  /** Section and interface comments (pcapng opt_comment), in file order, at most 100. */
  comments: string[]
  /** Address → name, from pcapng name resolution blocks. */
  names: [address: string, name: string][]
  /** TLS key log text from pcapng decryption secrets blocks; whoever reads it takes it out. */
  keyLogs: string[]
}

/** A streaming reader: bytes in, packets out, in constant memory. */
export interface CaptureReader {
  readonly info: CaptureInfo
  /**
   * Feeds the next bytes of the file; any split of the file into chunks gives the same packets. The chunk may be
   * reused by the caller as soon as this returns. Never throws on bad input: it becomes a fault in `info`.
   */
  push(chunk: Bytes, sink: PacketSink): void
  /** Says that the file ended; a packet cut in half becomes a fault. */
  end(sink: PacketSink): void
}
