// What a reader says, to a writer: interfaces under the writer's numbers, times moved, and what is beside the packets
// handed on as it is.
import type { Bytes } from '../bytes/read.ts'
import type { BlockSink, CaptureInfo, Instant, InterfaceStatistics, Packet, PacketSink } from '../capture/packet.ts'
import type { CaptureWriter } from '../capture/writer.ts'
import type { Chooser } from './select.ts'

/** Where a time goes. `frame`: whose time it is; without one, it is of something behind all frames. */
export type Retime = (time: Instant, frame?: number) => Instant

export interface CopierOptions {
  /** Null: all packets. */
  chooser: Chooser | null
  /** Null: times stay. */
  retime: Retime | null
  /** What an interface is called; null: as in the source. */
  naming: ((name: string | null) => string) | null
}

/** What became of a source. */
export interface CopiedPackets {
  written: number
  /** Packets whose time the format has no room for; they are not written. */
  timeless: number
  /** What was not handed on, and how often, by its name in the plural. */
  leftOut: Map<string, number>
}

export class Copier implements PacketSink, BlockSink {
  readonly done: CopiedPackets = { written: 0, timeless: 0, leftOut: new Map() }
  readonly #info: () => CaptureInfo
  readonly #writer: CaptureWriter
  readonly #options: CopierOptions
  /** The writer's numbers of interfaces, by the source's. */
  readonly #interfaces: number[] = []
  #packetOptions: Bytes | undefined

  constructor(info: () => CaptureInfo, writer: CaptureWriter, options: CopierOptions) {
    this.#info = info
    this.#writer = writer
    this.#options = options
  }

  packet(packet: Packet): void {
    const options = this.#packetOptions
    this.#packetOptions = undefined
    const { chooser, retime } = this.#options
    if (chooser !== null && !chooser.wants(packet)) return
    const interfaceId = this.#interfaces[packet.interfaceId]!
    const { bytes, at, end, wireLength } = packet
    const { seconds, nanoseconds } = retime === null ? packet : retime(packet, packet.frame)
    const isWritten = this.#writer.packet(
      { seconds, nanoseconds, bytes, at, end, wireLength, interfaceId },
      undefined,
      options,
    )
    if (isWritten) this.done.written++
    else this.done.timeless++
  }

  packetOptions(options: Bytes): void {
    this.#packetOptions = options
  }

  section(options: Bytes): void {
    this.#writer.section(options)
  }

  interface(id: number, options: Bytes): void {
    const { linkType, snapLength, name } = this.#info().interfaces[id]!
    const called = this.#options.naming === null ? name : this.#options.naming(name)
    this.#interfaces[id] = this.#writer.addInterface({ linkType, snapLength, name: called, comment: null, options })
  }

  statistics({ interfaceId, time, start, end, options }: InterfaceStatistics): void {
    const { retime } = this.#options
    const moved = (at: Instant | null): Instant | null => (at === null || retime === null ? at : retime(at))
    this.#writer.statistics({
      interfaceId: this.#interfaces[interfaceId]!,
      time: moved(time)!,
      start: moved(start),
      end: moved(end),
      options,
    })
  }

  block(type: number, body: Bytes): void {
    this.#writer.block(type, body)
  }

  leftOut(what: string): void {
    const { leftOut } = this.done
    leftOut.set(what, (leftOut.get(what) ?? 0) + 1)
  }
}
