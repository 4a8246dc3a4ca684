// Step one of three: a capture, streamed, becomes Observations.
import type { Bytes } from '../bytes/read.ts'
import { decompressed, type DecompressionPort } from '../capture/compression.ts'
import { createCaptureReader } from '../capture/open.ts'
import type { CaptureFault, CaptureReader, PacketSink } from '../capture/packet.ts'
import { parseSourceName, sourceName } from '../capture/source-name.ts'
import type { TlsCrypto } from '../app/tls/crypto.ts'
import { KeyLog, parseKeyLog } from '../app/tls/keylog.ts'
import { findProtection } from '../app/tls/protection.ts'
import type { TlsOptions } from '../app/tls/session.ts'
import type { Observations } from './observations.ts'
import { Observer } from './observer.ts'
import type { Share } from './shares.ts'

/** A capture file, or anything else that can be read from its beginning. */
export interface CaptureInput {
  file: string
  /**
   * The bytes from the beginning, in chunks of any size. A chunk is not touched any more once the next one is asked
   * for. Throws when reading fails; what was read before is used.
   */
  open(): AsyncIterable<Bytes>
}

export interface ObserveOptions {
  decompression: DecompressionPort
  /** Secrets of TLS sessions, beside those that a pcapng file brings along. */
  keys?: KeyLog
  /** How TLS is decrypted (`nobleCrypto`, or what the platform has); without it nothing is. */
  crypto?: TlsCrypto
  /** Only this share of the connections, the others being observed elsewhere. */
  share?: Share
  /** Told after each chunk. */
  onProgress?: (progress: ObserveProgress) => void
  /** Asked after each chunk: reading then ends there, which is no damage. */
  isStopped?: () => boolean
}

/** How far reading has come. */
export interface ObserveProgress {
  file: string
  /** Of the (decompressed) capture. */
  bytes: number
  frames: number
  /** Answers of 502, 503 and 504, on whichever leg. */
  gatewayErrors: number
}

/**
 * Observes one capture: a file, or the files of one rotated capture in order of time. Bad input becomes a fault of its
 * part; nothing is thrown.
 */
export async function observe(files: readonly CaptureInput[], options: ObserveOptions): Promise<Observations> {
  let reader: CaptureReader = createCaptureReader()
  const observer = new Observer(
    tlsOptions(options, () => reader),
    options.share,
  )
  for (const [index, input] of files.entries()) {
    if (index > 0) reader = createCaptureReader()
    const faults = await feed(input, reader, observer, options, () => soFarOf(observer))
    observer.endPart(input.file, reader.info, faults)
  }
  return observer.finish(reader.info)
}

/** A capture that is observed while it is being written, for as long as it lasts. */
export class LiveCapture {
  readonly #input: CaptureInput
  readonly #options: ObserveOptions
  readonly #reader: CaptureReader = createCaptureReader()
  readonly #observer: Observer

  constructor(input: CaptureInput, options: ObserveOptions) {
    this.#input = input
    this.#options = options
    this.#observer = new Observer(tlsOptions(options, () => this.#reader))
  }

  get frames(): number {
    return this.#observer.frames
  }

  /** Reads to the end of the input, and answers what was not let go before. To be called once. */
  async read(): Promise<Observations> {
    const faults = await feed(this.#input, this.#reader, this.#observer, this.#options, () => soFarOf(this.#observer))
    this.#observer.endPart(this.#input.file, this.#reader.info, faults)
    return this.#observer.finish(this.#reader.info)
  }

  /** What was seen so far, good until more is read: to be used between two chunks, without awaiting anything. */
  standing(): Observations {
    return this.#observer.standing(this.#input.file, this.#reader.info)
  }

  /** Lets go of what was over at `time`, in nanoseconds after the epoch of the observations. */
  forget(time: number): void {
    this.#observer.forget(time)
  }
}

/** Captures in one cut. */
const CAPTURES = 256

/**
 * Observes a file that may be a cut: the captures that lie in it, each by itself, in order of their first packets. Any
 * other file is one capture. Frames are those of the file.
 */
export async function observeApart(input: CaptureInput, options: ObserveOptions): Promise<Observations[]> {
  const reader = createCaptureReader()
  const tls = tlsOptions(options, () => reader)
  const observers = new Map<string, Observer>()
  /** By interface. */
  const found: Observer[] = []
  const captures: string[] = []
  const find = (id: number): Observer => {
    const { name } = reader.info.interfaces[id]!
    const source = parseSourceName(name)
    let capture = source === null ? '' : sourceName({ ...source, interface: null })
    let observer = observers.get(capture)
    if (observer === undefined) {
      // Nobody cuts an incident out of so many captures: what comes after is one.
      if (observers.size >= CAPTURES) capture = ''
      observer = observers.get(capture) ?? new Observer(tls, options.share)
      observers.set(capture, observer)
    }
    captures[id] = capture
    return (found[id] = observer)
  }
  const sink: PacketSink = {
    packet(packet): void {
      const observer = found[packet.interfaceId] ?? find(packet.interfaceId)
      observer.packet(packet)
    },
  }
  const faults = await feed(input, reader, sink, options, () => ({
    frames: reader.info.frames,
    gatewayErrors: [...observers.values()].reduce((sum, { tally }) => sum + tally.gatewayErrors, 0),
  }))
  if (observers.size === 0) observers.set('', new Observer(tls, options.share))
  return [...observers].map(([capture, observer]) => {
    const interfaces = reader.info.interfaces.map((one, id) =>
      captures[id] === capture ? one : { ...one, dropped: null },
    )
    observer.endPart(capture === '' ? input.file : `${input.file}: ${capture}`, reader.info, faults)
    return observer.finish({ ...reader.info, interfaces })
  })
}

/** Reads a file to its end. Answers what went wrong beside what the reader has noted. */
async function feed(
  input: CaptureInput,
  reader: CaptureReader,
  sink: PacketSink,
  options: ObserveOptions,
  soFar: () => Omit<ObserveProgress, 'file' | 'bytes'>,
): Promise<CaptureFault[]> {
  const faults: CaptureFault[] = []
  const fault = (offset: number, text: string): void => {
    faults.push({ offset, afterFrame: reader.info.frames, text, fatal: true })
  }
  let bytes = 0
  try {
    for await (const chunk of decompressed(input.open(), options.decompression, (f) => fault(f.offset, f.text))) {
      reader.push(chunk, sink)
      bytes += chunk.length
      options.onProgress?.({ file: input.file, bytes, ...soFar() })
      if (options.isStopped?.()) return faults
      // What is no capture, or none any more, may be packed a thousandfold.
      if (reader.info.faults.at(-1)?.fatal === true) break
    }
  } catch (error) {
    fault(bytes, error instanceof Error ? error.message : String(error))
  }
  reader.end(sink)
  return faults
}

const soFarOf = ({ frames, tally }: Observer): Omit<ObserveProgress, 'file' | 'bytes'> => ({
  frames,
  gatewayErrors: tally.gatewayErrors,
})

/** Secrets are looked for in the key logs given and in those that the capture has brought so far. */
function tlsOptions({ keys, crypto }: ObserveOptions, reader: () => CaptureReader): TlsOptions {
  if (crypto === undefined) return {}
  const all = new KeyLog()
  if (keys !== undefined) all.merge(keys)
  const find = findProtection(all, crypto)
  return {
    protection: (clientRandom) => {
      for (const text of reader().info.keyLogs.splice(0)) all.merge(parseKeyLog(text))
      return find(clientRandom)
    },
  }
}
