// What is in a capture file, as plain data: `pcap-surgery info`. Secrets are counted and never told.
import type { Bytes } from '../bytes/read.ts'
import { compressionOf, decompressed, type DecompressionPort } from '../capture/compression.ts'
import { linkTypeName } from '../capture/link-types.ts'
import { createCaptureReader } from '../capture/open.ts'
import type { BlockSink, CaptureFault, Instant, InterfaceStatistics, Packet, PacketSink } from '../capture/packet.ts'
import { CUSTOM, DECRYPTION_SECRETS, eachOption } from '../capture/pcapng-blocks.ts'
import * as option from '../capture/pcapng-options.ts'
import type { CopySource } from '../surgery/copy.ts'
import { timestamp } from './time.ts'

/** What `info --format json` prints. */
export interface InfoDocument {
  schema: 'pcap-surgery/info@1'
  captures: CaptureInformation[]
}

export interface CaptureInformation extends CaptureContent {
  /** Name as given; `-` is standard input. */
  file: string
  /** Of the file as it is, compressed or not. */
  bytes: number
  sha256: string
}

export interface CaptureContent {
  format: 'pcap' | 'pcapng' | null
  compression: 'gzip' | 'zstd' | 'lz4' | null
  frames: number
  /** Bytes of packets that were captured, and that they had on the wire. */
  capturedBytes: number
  wireBytes: number
  /** Frames that have fewer bytes than on the wire. */
  cutFrames: number
  /** The earliest and the latest time; null: no frame. */
  first: string | null
  last: string | null
  durationSeconds: number | null
  /** Frames that are earlier than one before them, and by how much at most. */
  outOfOrder: { frames: number; mostSeconds: number }
  section: { hardware: string | null; os: string | null; application: string | null }
  interfaces: InterfaceInformation[]
  comments: string[]
  commentedFrames: number
  /** Addresses that the file has names for. */
  names: number
  secrets: { blocks: number; sessions: number }
  customBlocks: number
  faults: CaptureFault[]
}

export interface InterfaceInformation {
  id: number
  linkType: number
  linkTypeName: string
  name: string | null
  description: string | null
  /** Capture filter as the capturing program was given it. */
  filter: string | null
  os: string | null
  hardware: string | null
  /** 0: no limit stated. */
  snapLength: number
  frames: number
  received: number | null
  dropped: number | null
}

/** Reads a capture through. Damage is in the answer; what `open` throws is thrown. */
export async function describeCapture(
  { open }: CopySource,
  decompression: DecompressionPort,
  onProgress?: (frames: number) => void,
): Promise<CaptureContent> {
  const reading = new Description()
  const { reader } = reading
  const faults: CaptureFault[] = []
  let head: Bytes = new Uint8Array(0)
  async function* watched(): AsyncGenerator<Bytes> {
    for await (const chunk of open()) {
      if (head.length < 4) head = Uint8Array.of(...head, ...chunk.subarray(0, 4 - head.length))
      yield chunk
    }
  }
  const fault = (offset: number, text: string): void =>
    void faults.push({ offset, afterFrame: reader.info.frames, text, fatal: true })
  for await (const chunk of decompressed(watched(), decompression, (f) => fault(f.offset, f.text))) {
    reader.push(chunk, reading)
    reading.takeKeys()
    onProgress?.(reader.info.frames)
  }
  reader.end(reading)
  reading.takeKeys()
  return { compression: compressionOf(head), ...reading.content(), faults: [...reader.info.faults, ...faults] }
}

interface OfInterface {
  description: string | null
  filter: string | null
  os: string | null
  hardware: string | null
  frames: number
  received: number | null
}

class Description implements PacketSink, BlockSink {
  readonly reader = createCaptureReader({ blocks: this })
  readonly #interfaces: OfInterface[] = []
  readonly #section = { hardware: null as string | null, os: null as string | null, application: null as string | null }
  readonly #sessions = new Set<string>()
  #first: Instant | null = null
  #last: Instant | null = null
  #capturedBytes = 0
  #wireBytes = 0
  #cutFrames = 0
  #commentedFrames = 0
  #secrets = 0
  #custom = 0
  readonly #outOfOrder = { frames: 0, mostSeconds: 0 }

  packet(packet: Packet): void {
    const { seconds, nanoseconds, at, end, wireLength, interfaceId } = packet
    this.#interfaces[interfaceId]!.frames++
    this.#capturedBytes += end - at
    this.#wireBytes += wireLength
    if (end - at < wireLength) this.#cutFrames++
    const first = this.#first
    const last = this.#last
    if (first === null || compare(packet, first) < 0) this.#first = { seconds, nanoseconds }
    if (last === null || compare(packet, last) >= 0) this.#last = { seconds, nanoseconds }
    else {
      this.#outOfOrder.frames++
      this.#outOfOrder.mostSeconds = Math.max(this.#outOfOrder.mostSeconds, difference(packet, last))
    }
  }

  packetOptions(options: Bytes): void {
    let comments = 0
    eachOption(options, (code) => (comments += code === option.OPT_COMMENT ? 1 : 0))
    if (comments > 0) this.#commentedFrames++
  }

  section(options: Bytes): void {
    eachOption(options, (code, value) => {
      if (code === option.SHB_HARDWARE) this.#section.hardware ??= text(value)
      if (code === option.SHB_OS) this.#section.os ??= text(value)
      if (code === option.SHB_USERAPPL) this.#section.application ??= text(value)
    })
  }

  interface(id: number, options: Bytes): void {
    const one: OfInterface = { description: null, filter: null, os: null, hardware: null, frames: 0, received: null }
    this.#interfaces[id] = one
    eachOption(options, (code, value) => {
      if (code === option.IF_DESCRIPTION) one.description = text(value)
      if (code === option.IF_OS) one.os = text(value)
      if (code === option.IF_HARDWARE) one.hardware = text(value)
      // A code for how the filter is written stands before it: 0 is text.
      if (code === option.IF_FILTER && value[0] === 0) one.filter = text(value.subarray(1))
    })
  }

  statistics({ interfaceId, options }: InterfaceStatistics): void {
    eachOption(options, (code, value) => {
      if (code !== option.ISB_IFRECV) return
      const view = new DataView(value.buffer, value.byteOffset, value.length)
      this.#interfaces[interfaceId]!.received = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32
    })
  }

  block(type: number): void {
    if (type === CUSTOM) this.#custom++
    else if (type === DECRYPTION_SECRETS) this.#secrets++
  }

  leftOut(): void {}

  /** Counts sessions by their client random, as they come. */
  takeKeys(): void {
    for (const log of this.reader.info.keyLogs.splice(0)) {
      for (const line of log.split('\n')) {
        const random = /^[A-Z0-9_]+[ \t]+([0-9a-fA-F]{64})[ \t]/.exec(line)?.[1]
        if (random !== undefined) this.#sessions.add(random.toLowerCase())
      }
    }
  }

  content(): Omit<CaptureContent, 'compression' | 'faults'> {
    const { format, frames, interfaces, comments, names } = this.reader.info
    const [first, last] = [this.#first, this.#last]
    return {
      format,
      frames,
      capturedBytes: this.#capturedBytes,
      wireBytes: this.#wireBytes,
      cutFrames: this.#cutFrames,
      first: first && timestamp(first.seconds, first.nanoseconds),
      last: last && timestamp(last.seconds, last.nanoseconds),
      durationSeconds: first && last && difference(first, last),
      outOfOrder: this.#outOfOrder,
      section: this.#section,
      interfaces: interfaces.map(({ linkType, name, snapLength, dropped }, id) => {
        const { frames: its, received, ...told } = this.#interfaces[id]!
        return {
          id,
          linkType,
          linkTypeName: linkTypeName(linkType),
          name,
          ...told,
          snapLength,
          frames: its,
          received,
          dropped,
        }
      }),
      comments,
      commentedFrames: this.#commentedFrames,
      names: new Set(names.map(([address]) => address)).size,
      secrets: { blocks: this.#secrets, sessions: this.#sessions.size },
      customBlocks: this.#custom,
    }
  }
}

const text = (value: Bytes): string => option.optionText(value, 0, value.length)

const compare = (a: Instant, b: Instant): number => a.seconds - b.seconds || a.nanoseconds - b.nanoseconds

/** Seconds from one time to another. */
const difference = (from: Instant, to: Instant): number => {
  const seconds = to.seconds - from.seconds
  return Math.round((seconds + (to.nanoseconds - from.nanoseconds) / 1e9) * 1e9) / 1e9
}
