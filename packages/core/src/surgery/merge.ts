// Several captures as one, by time: each keeps its own order, its interfaces and what it says of them. Nothing is held
// but what one chunk of each has.
import type { Bytes } from '../bytes/read.ts'
import type { DecompressionPort } from '../capture/compression.ts'
import { createCaptureReader } from '../capture/open.ts'
import type { BlockSink, Instant, InterfaceStatistics, Packet, PacketSink } from '../capture/packet.ts'
import { parseSourceName, sourceName } from '../capture/source-name.ts'
import type { CaptureWriter } from '../capture/writer.ts'
import { Copier, type Retime } from './copier.ts'
import { type Copied, type CopySource, readThrough } from './copy.ts'

export interface MergeSource extends CopySource {
  /** By which the interfaces of the sources are told apart: each source has one of its own. */
  name: string
  /** Null: times stay. */
  retime: Retime | null
}

export interface MergeOptions {
  decompression: DecompressionPort
  /** Told after each chunk: frames read so far, of all sources. What it answers is waited for. */
  onProgress?: (frames: number) => Promise<void> | void
}

/** Merges captures. Faults are in the answers, one a source; what `open` or the writer throws is thrown. */
export async function merge(
  sources: readonly MergeSource[],
  writer: CaptureWriter,
  { decompression, onProgress }: MergeOptions,
): Promise<Copied[]> {
  const streams = sources.map((source) => new Stream(source, writer, decompression))
  const waiting = new Set(streams)
  const proceed = async (stream: Stream): Promise<void> => {
    while (!stream.advance()) {
      if (!(await stream.readOn())) return void waiting.delete(stream)
      await onProgress?.(streams.reduce((sum, { read }) => sum + read, 0))
    }
  }
  try {
    // What the sections say comes before all else, so nothing is written until each source was asked.
    for (const stream of streams) await stream.readOn()
    for (const stream of streams) await proceed(stream)
    while (waiting.size > 0) {
      const first = earliest(waiting)
      if (!first.next()) await proceed(first)
    }
  } finally {
    for (const stream of streams) await stream.close()
  }
  writer.end()
  return streams.map((stream) => stream.copied())
}

/** Of equals the source that was named first. */
function earliest(streams: Iterable<Stream>): Stream {
  let first: Stream | null = null
  for (const stream of streams) if (first === null || isBefore(stream.time, first.time)) first = stream
  return first!
}

const isBefore = (a: Instant, b: Instant): boolean =>
  a.seconds < b.seconds || (a.seconds === b.seconds && a.nanoseconds < b.nanoseconds)

/** What of a source has been read and not yet written; a step without a time goes with the packet before it. */
interface Step {
  time: Instant | null
  write(): void
}

class Stream implements PacketSink, BlockSink {
  /** Of the packet that is next. */
  time: Instant = { seconds: -Infinity, nanoseconds: 0 }
  read = 0
  readonly #copier: Copier
  readonly #retime: Retime | null
  readonly #chunks: AsyncGenerator<{ frames: number }>
  readonly #reader = createCaptureReader({ blocks: this })
  #steps: Step[] = []
  #at = 0
  #begun = false

  constructor({ name, retime, open }: MergeSource, writer: CaptureWriter, decompression: DecompressionPort) {
    const naming = (own: string | null): string =>
      parseSourceName(own) !== null ? own! : sourceName({ vantage: 'capture', file: name, interface: own })
    this.#copier = new Copier(() => this.#reader.info, writer, { chooser: null, retime, naming })
    this.#retime = retime
    this.#chunks = readThrough({ open }, this.#reader, this, decompression)
  }

  /** Reads one more chunk; false when there is none any more. */
  async readOn(): Promise<boolean> {
    this.#steps = []
    this.#at = 0
    const { done, value } = await this.#chunks.next()
    if (done === true) return false
    this.read = value.frames
    return true
  }

  /** Writes the next packet; false when what follows has yet to be read. */
  next(): boolean {
    this.#steps[this.#at++]!.write()
    return this.advance()
  }

  /** Writes what stands before the next packet; false when there is none here. */
  advance(): boolean {
    for (; this.#at < this.#steps.length; this.#at++) {
      const { time, write } = this.#steps[this.#at]!
      if (time !== null) {
        this.time = time
        return true
      }
      write()
    }
    return false
  }

  copied(): Copied {
    const { frames, faults } = this.#reader.info
    return { ...this.#copier.done, read: frames, faults }
  }

  async close(): Promise<void> {
    await this.#chunks.return(undefined)
  }

  packet(packet: Packet): void {
    const { seconds, nanoseconds } = this.#retime === null ? packet : this.#retime(packet, packet.frame)
    const length = packet.end - packet.at
    // Bytes of the chunk, and of the record that straddles two, are overwritten by the next.
    const kept = { ...packet, bytes: packet.bytes.slice(packet.at, packet.end), at: 0, end: length }
    this.#steps.push({ time: { seconds, nanoseconds }, write: () => this.#copier.packet(kept) })
  }

  packetOptions(options: Bytes): void {
    this.#later(() => this.#copier.packetOptions(options))
  }
  section(options: Bytes): void {
    if (!this.#begun) this.#copier.section(options)
    else if (options.length > 0) this.leftOut('sections with comments and other options behind the first')
    this.#begun = true
  }
  interface(id: number, options: Bytes): void {
    this.#later(() => this.#copier.interface(id, options))
  }
  statistics(statistics: InterfaceStatistics): void {
    this.#later(() => this.#copier.statistics(statistics))
  }
  block(type: number, body: Bytes): void {
    this.#later(() => this.#copier.block(type, body))
  }
  leftOut(what: string): void {
    this.#copier.leftOut(what)
  }

  #later(write: () => void): void {
    this.#steps.push({ time: null, write })
  }
}
