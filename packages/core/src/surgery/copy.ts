// One capture copied: all of it or some packets, with its times or moved ones, in the same format or another, as far as
// it is whole. Packets go from the read buffer to the writer.
import type { Bytes } from '../bytes/read.ts'
import { decompressed, type DecompressionPort } from '../capture/compression.ts'
import { createCaptureReader } from '../capture/open.ts'
import type { CaptureFault, CaptureReader, PacketSink } from '../capture/packet.ts'
import type { CaptureWriter } from '../capture/writer.ts'
import { type CopiedPackets, Copier, type CopierOptions, type Retime } from './copier.ts'
import type { Chooser } from './select.ts'

export interface CopySource {
  /** As in `CaptureInput`. */
  open(): AsyncIterable<Bytes>
}

export interface CopyOptions {
  decompression: DecompressionPort
  /** Null: all packets. */
  chooser: Chooser | null
  /** Null: times stay. */
  retime: Retime | null
  /** Goes on behind damage where it is proven that a packet begins. */
  resume: boolean
  /** Told after each chunk: frames read so far. What it answers is waited for. */
  onProgress?: (frames: number) => Promise<void> | void
}

/** What became of a capture. */
export interface Copied extends CopiedPackets {
  /** Frames read. */
  read: number
  faults: CaptureFault[]
}

/** Copies a capture. Its faults are in the answer; what `open` or the writer throws is thrown. */
export async function copy(source: CopySource, writer: CaptureWriter, options: CopyOptions): Promise<Copied> {
  const copier = new Copier(() => reader.info, writer, { ...options, naming: null } satisfies CopierOptions)
  const reader = createCaptureReader({ blocks: copier, resume: options.resume })
  const { info } = reader
  const last = options.chooser?.last ?? Infinity
  for await (const { frames } of readThrough(source, reader, copier, options.decompression)) {
    await options.onProgress?.(frames)
    // Behind its packets pcapng has more to say.
    if (info.format === 'pcap' && frames >= last) break
  }
  writer.end()
  return { ...copier.done, read: info.frames, faults: info.faults }
}

/** Feeds a source to a reader, and stops after each chunk. Damage of the compressed data is noted with the reader's. */
export async function* readThrough(
  source: CopySource,
  reader: CaptureReader,
  sink: PacketSink,
  decompression: DecompressionPort,
): AsyncGenerator<{ frames: number }> {
  const { info } = reader
  const fault = (offset: number, text: string): void => {
    info.faults.push({ offset, afterFrame: info.frames, text, fatal: true })
  }
  for await (const chunk of decompressed(source.open(), decompression, (f) => fault(f.offset, f.text))) {
    reader.push(chunk, sink)
    // Key logs are handed on as blocks, and are the reader's to keep only until somebody takes them.
    info.keyLogs.length = 0
    yield { frames: info.frames }
  }
  reader.end(sink)
  info.keyLogs.length = 0
  yield { frames: info.frames }
}
