// What every capture format is written through: interfaces first, then packets, each block to the caller as it is made.
import type { Bytes } from '../bytes/read.ts'
import type { CaptureInterface, InterfaceStatistics, Packet } from './packet.ts'

/** What is said of an interface beside its link type and snap length; null is left out. */
export interface WrittenInterface extends Pick<CaptureInterface, 'linkType' | 'snapLength' | 'name'> {
  comment: string | null
  /** What else a source says of it, as `BlockSink` tells it. */
  options?: Bytes
}

/** Packets of several link types for a format that has one for all. */
export class LinkTypesDiffer extends Error {}

/** A packet as a reader delivers it; `interfaceId` is the writer's. Its frame number comes of its place. */
export type WrittenPacket = Pick<
  Packet,
  'seconds' | 'nanoseconds' | 'bytes' | 'at' | 'end' | 'wireLength' | 'interfaceId'
>

/** A streaming writer: packets in, bytes out, nothing kept. */
export interface CaptureWriter {
  /** What there was no place for, and how often, by its name in the plural. */
  readonly lost: ReadonlyMap<string, number>
  /**
   * What a source's section says, as `BlockSink` tells it: before anything else, of one source or of each; later, another
   * section begins, where there is such a thing.
   */
  section(options: Bytes): void
  /** Describes one more interface and answers its number. */
  addInterface(described: WrittenInterface): number
  /**
   * Writes a packet with comments and, as `BlockSink` tells them, its other options. False where the format has no room
   * for its time: it is not written then. The bytes are copied before this returns. Throws `LinkTypesDiffer`.
   */
  packet(packet: WrittenPacket, comments?: readonly string[], options?: Bytes): boolean
  /** Address → name. */
  names(names: readonly (readonly [address: string, name: string])[]): void
  /** TLS key log text; what is to be opened with it comes after it. */
  secrets(keyLog: string): void
  /** Packets that the capturing system says it dropped at an interface, told behind the last packet. */
  dropped(interfaceId: number, count: number): void
  statistics(statistics: InterfaceStatistics): void
  /** A block as `BlockSink` tells it. */
  block(type: number, body: Bytes): void
  /** Writes what an empty capture still needs. Nothing may follow. */
  end(): void
}

/** Takes bytes that belong to it from then on. */
export type Emit = (bytes: Bytes) => void
