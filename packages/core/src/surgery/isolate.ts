// Captures in, one capture out: the chosen packets of each source, byte for byte, with their own times, in their own
// order, and the sources laid into one another by time. Nothing is held but what one chunk of each source has.
import type { Bytes } from '../bytes/read.ts'
import { decompressed, type DecompressionPort } from '../capture/compression.ts'
import { createCaptureReader } from '../capture/open.ts'
import type { BlockSink, CaptureFault, CaptureInfo, Packet } from '../capture/packet.ts'
import { eachOption } from '../capture/pcapng-blocks.ts'
import { OPT_COMMENT, optionText } from '../capture/pcapng-options.ts'
import { parseSourceName, sourceName } from '../capture/source-name.ts'
import type { CaptureWriter } from '../capture/writer.ts'
import { HeaderEnd } from './headers.ts'
import { SecretLines } from './secrets.ts'
import type { Chooser } from './select.ts'

/** A source file. */
export interface SourcePart {
  file: string
  /** As in `CaptureInput`. */
  open(): AsyncIterable<Bytes>
  chooser: Chooser
  /** Where the file is a cut: only the packets of this source of it, as `sourceName` says it without interface. */
  within: string | null
  /** Packet comments by frame. */
  comments: ReadonlyMap<number, readonly string[]>
}

/** Whole seconds since 1970 UTC, and nanoseconds. */
export interface Time {
  seconds: number
  nanoseconds: number
}

/** A source capture: a file, or the files of a rotated one in order. */
export interface Source {
  parts: readonly SourcePart[]
  /** Where it was taken, and what it is called, in the names of its interfaces. */
  vantage: string
  name: string
  /** Tells the time of a frame of one of its files on the first source's clock; null where it is that already, or nobody knows. */
  onFirstClock: ((time: Time, file: string, frame: number) => Time) | null
  /** Comment of its interfaces. */
  comment: string | null
}

export interface IsolateOptions {
  decompression: DecompressionPort
  /** Writes times of the first source's clock in place of the sources' own. */
  align: boolean
  /** Bytes kept of each packet; `headers`: up to the payload of TCP or UDP; null: all. */
  snap: number | 'headers' | null
  /** Key log text of whose sessions in the cut the secrets are written; null: none are. */
  secrets: readonly string[] | null
  /** Told after each chunk: frames read so far, of all sources. */
  onProgress?: (frames: number) => void
}

/** What became of a source file. */
export interface IsolatedPart {
  file: string
  /** Frames read and frames written. Of pcap nothing is read behind the last chosen frame. */
  read: number
  written: number
  faults: CaptureFault[]
}

export interface Isolated {
  parts: IsolatedPart[]
  frames: number
  /** Bytes of packets that `snap` cut off. */
  cutOff: number
  /** Packets whose time the format has no room for; they are not written. */
  timeless: number
  /** Sessions whose secrets were written. */
  sessions: number
  /** Key logs that the sources brought along. */
  keyLogs: string[]
  /** What of the sources was not handed on, and how often, by its name in the plural. */
  leftOut: Map<string, number>
}

/** A chosen packet with the source's number of its interface. Its bytes belong to the chunk it came in. */
interface Chosen extends Packet {
  source: number
  /** On the first source's clock. */
  aligned: Time
  /** The same in nanoseconds after the first packet that was chosen. */
  order: number
  comments: readonly string[]
  /** What else the source says of the packet, and of its interface. */
  options: Bytes | undefined
  interfaceOptions: Bytes | undefined
  snapLength: number
  interfaceName: string | null
}

/**
 * Writes what the sources' choosers want. Faults of a source are in the answer; what its `open` or the writer throws is
 * thrown.
 */
export async function isolate(
  sources: readonly Source[],
  writer: CaptureWriter,
  options: IsolateOptions,
): Promise<Isolated> {
  const done: Isolated = { parts: [], frames: 0, cutOff: 0, timeless: 0, sessions: 0, keyLogs: [], leftOut: new Map() }
  const secrets = options.secrets === null ? null : new SecretLines()
  for (const text of options.secrets ?? []) secrets?.add(text)
  const interfaces = new WrittenInterfaces(sources, writer)
  const header = new HeaderEnd()
  const begin = { seconds: null as number | null }
  const streams = sources.map((source, i) => chosen(source, i, options, done, begin, interfaces))
  let noted = 0
  const brought = (): void => {
    // Secrets are written once, from wherever they come.
    for (let i = noted; i < done.keyLogs.length; i++) writeSecrets(secrets?.add(done.keyLogs[i]!) ?? '', false)
    noted = done.keyLogs.length
  }
  const writeSecrets = (text: string, isSession: boolean): void => {
    if (text === '') return
    writer.secrets(text)
    if (isSession) done.sessions++
  }
  for await (const packet of inOrder(streams)) {
    brought()
    if (secrets !== null) writeSecrets(secrets.of(packet), true)
    const end = keptEnd(packet, options.snap, header)
    done.cutOff += packet.end - end
    const time = options.align ? packet.aligned : packet
    const { bytes, at, wireLength } = packet
    const { seconds, nanoseconds } = time
    const interfaceId = interfaces.of(packet)
    const isWritten = writer.packet(
      { seconds, nanoseconds, bytes, at, end, wireLength, interfaceId },
      newOnes(packet.comments, packet.options),
      packet.options,
    )
    if (isWritten) done.frames++
    else done.timeless++
  }
  interfaces.tellDrops()
  writer.end()
  done.parts.sort((a, b) => fileOrder(sources, a.file) - fileOrder(sources, b.file))
  return done
}

/** A cut of a cut has its comments already. */
function newOnes(comments: readonly string[], options: Bytes | undefined): readonly string[] {
  if (options === undefined || comments.length === 0) return comments
  const there = new Set<string>()
  eachOption(options, (code, value) => {
    if (code === OPT_COMMENT) there.add(optionText(value, 0, value.length))
  })
  return comments.filter((comment) => !there.has(comment))
}

const fileOrder = (sources: readonly Source[], file: string): number =>
  sources.flatMap(({ parts }) => parts.map((part) => part.file)).indexOf(file)

function keptEnd(packet: Packet, snap: IsolateOptions['snap'], header: HeaderEnd): number {
  if (snap === null) return packet.end
  return snap === 'headers' ? header.of(packet) : Math.min(packet.end, packet.at + snap)
}

/** The chosen packets of a source, in its order. */
async function* chosen(
  { parts, onFirstClock }: Source,
  source: number,
  { decompression, onProgress }: IsolateOptions,
  done: Isolated,
  begin: { seconds: number | null },
  interfaces: WrittenInterfaces,
): AsyncGenerator<Chosen> {
  for (const { file, open, chooser, within, comments } of parts) {
    const beside = new Beside(done.leftOut)
    const reader = createCaptureReader({ blocks: beside })
    const { info } = reader
    const part: IsolatedPart = { file, read: 0, written: 0, faults: info.faults }
    done.parts.push(part)
    let found: Chosen[] = []
    let isEnough = false
    const isWithin = (name: string | null): boolean => {
      const named = parseSourceName(name)
      return named !== null && sourceName({ ...named, interface: null }) === within
    }
    const sink = {
      packet(packet: Packet): void {
        const options = beside.takeOptions()
        if (!chooser.wants(packet)) return
        if (within !== null && !isWithin(info.interfaces[packet.interfaceId]!.name)) return
        const { seconds, nanoseconds } = packet
        const aligned = onFirstClock?.({ seconds, nanoseconds }, file, packet.frame) ?? { seconds, nanoseconds }
        begin.seconds ??= aligned.seconds
        part.written++
        const { snapLength, name } = info.interfaces[packet.interfaceId]!
        found.push({
          ...packet,
          // The record that straddles two chunks lies in a buffer that the next one takes.
          bytes: packet.bytes.slice(packet.at, packet.end),
          at: 0,
          end: packet.end - packet.at,
          source,
          aligned,
          order: (aligned.seconds - begin.seconds) * 1e9 + aligned.nanoseconds,
          comments: comments.get(packet.frame) ?? [],
          options,
          interfaceOptions: beside.interfaces[packet.interfaceId],
          snapLength,
          interfaceName: name,
        })
      },
    }
    const fault = (offset: number, text: string): void => {
      info.faults.push({ offset, afterFrame: info.frames, text, fatal: true })
    }
    for await (const chunk of decompressed(open(), decompression, (f) => fault(f.offset, f.text))) {
      reader.push(chunk, sink)
      part.read = info.frames
      onProgress?.(done.parts.reduce((sum, { read }) => sum + read, 0))
      done.keyLogs.push(...info.keyLogs.splice(0))
      yield* found
      found = []
      // Behind its packets pcapng tells drops.
      isEnough = info.format === 'pcap' && info.frames >= chooser.last
      if (isEnough) break
    }
    // What was not read on is not cut.
    if (!isEnough) reader.end(sink)
    part.read = info.frames
    done.keyLogs.push(...info.keyLogs.splice(0))
    yield* found
    interfaces.noteDrops(source, info)
  }
}

/** What a source says beside its packets that goes with them. */
class Beside implements BlockSink {
  /** By number of the interface. */
  readonly interfaces: Bytes[] = []
  readonly #leftOut: Map<string, number>
  #options: Bytes | undefined

  constructor(leftOut: Map<string, number>) {
    this.#leftOut = leftOut
  }

  packetOptions(options: Bytes): void {
    this.#options = options
  }

  /** Options of the packet that is read now. */
  takeOptions(): Bytes | undefined {
    const options = this.#options
    this.#options = undefined
    return options
  }

  interface(id: number, options: Bytes): void {
    this.interfaces[id] = options
  }

  leftOut(what: string): void {
    this.#leftOut.set(what, (this.#leftOut.get(what) ?? 0) + 1)
  }

  // A cut has a section, names and secrets of its own, and of statistics the drops.
  section(): void {}
  statistics(): void {}
  block(): void {}
}

/** Several streams as one, the earliest packet first; each keeps its own order. */
async function* inOrder(streams: readonly AsyncGenerator<Chosen>[]): AsyncGenerator<Chosen> {
  try {
    const heads: IteratorResult<Chosen, unknown>[] = []
    for (const stream of streams) heads.push(await stream.next())
    for (let first = earliest(heads); first >= 0; first = earliest(heads)) {
      yield heads[first]!.value as Chosen
      heads[first] = await streams[first]!.next()
    }
  } finally {
    for (const stream of streams) await stream.return(undefined)
  }
}

/** Index of the earliest packet; -1 when there are no more. */
function earliest(heads: readonly IteratorResult<Chosen, unknown>[]): number {
  let first = -1
  let order = Infinity
  heads.forEach((head, i) => {
    if (head.done === true || (first >= 0 && head.value.order >= order)) return
    first = i
    ;({ order } = head.value)
  })
  return first
}

/** One interface for each that a source has, described when its first packet comes. */
class WrittenInterfaces {
  readonly #sources: readonly Source[]
  readonly #writer: CaptureWriter
  /** By source, the source's number and link type: a rotated capture has the same interfaces in each file. */
  readonly #known = new Map<string, number>()
  readonly #dropped = new Map<string, number>()

  constructor(sources: readonly Source[], writer: CaptureWriter) {
    this.#sources = sources
    this.#writer = writer
  }

  of({ source, interfaceId, linkType, snapLength, interfaceName, interfaceOptions: options }: Chosen): number {
    const key = `${source} ${interfaceId} ${linkType}`
    let id = this.#known.get(key)
    if (id === undefined) {
      const { vantage, name, comment } = this.#sources[source]!
      // A cut of a cut has its names already.
      const isNamed = parseSourceName(interfaceName) !== null
      const called = isNamed ? interfaceName : sourceName({ vantage, file: name, interface: interfaceName })
      const own = comment === null ? null : (newOnes([comment], options)[0] ?? null)
      id = this.#writer.addInterface({ linkType, snapLength, name: called, comment: own, ...(options && { options }) })
      this.#known.set(key, id)
    }
    return id
  }

  noteDrops(source: number, { interfaces }: CaptureInfo): void {
    interfaces.forEach(({ linkType, dropped }, id) => {
      if (dropped !== null) this.#dropped.set(`${source} ${id} ${linkType}`, dropped)
    })
  }

  /** Drops count: what is not in a capture that lost packets proves less. */
  tellDrops(): void {
    for (const [key, count] of this.#dropped) {
      const id = this.#known.get(key)
      if (id !== undefined) this.#writer.dropped(id, count)
    }
  }
}
