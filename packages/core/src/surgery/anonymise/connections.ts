// The TCP connections of a capture, read once for what becomes of their bytes: each segment's place in its stream is
// noted, and the streams are handed to scrubbers in order, as for a diagnosis.
import { type Bytes, latin1 } from '../../bytes/read.ts'
import type { Packet } from '../../capture/packet.ts'
import { ConnectionTracker, type StreamEvents } from '../../flow/connection.ts'
import { Held, type StreamSink } from '../../flow/half.ts'
import { PacketBlocks } from '../../flow/packet-log.ts'
import { RecentPackets } from '../../flow/recent.ts'
import { createSegment, readSegment } from '../../flow/segment.ts'
import { Decoder } from '../../wire/decode.ts'
import { createLayers, FRAGMENT, type Layers, TCP } from '../../wire/layers.ts'
import * as tcp from '../../wire/tcp.ts'
import type { MakeScrubber, Pseudonyms, Scrubber, Side } from './contract.ts'
import { EditedStreams } from './edited-streams.ts'

const DNS_PORT = 53

/** Where payload stands: in which connection, on which side of it, and at which position of the stream. */
export interface Place {
  streams: EditedStreams
  side: Side
  position: number
}

/** An original packet's ends: addresses of 4 or 16 bytes, and the four bytes of both ports. */
export interface Ends {
  source: Bytes
  destination: Bytes
  ports: Bytes
}

class Connection implements StreamEvents {
  readonly tracker: ConnectionTracker
  readonly streams: EditedStreams = new EditedStreams()
  /** Number of its first packet in the cut. */
  readonly first: number
  /** The ends of the first packet, by its sender. */
  readonly key: string
  readonly #scrubber: Scrubber
  readonly #sinks: readonly [StreamSink, StreamSink]

  constructor(
    key: string,
    first: number,
    tracker: ConnectionTracker,
    layers: Layers,
    make: (own: Connection, ports: [number, number]) => Scrubber,
  ) {
    this.key = key
    this.first = first
    this.tracker = tracker
    const { bytes, transportAt } = layers
    this.#scrubber = make(this, [tcp.sourcePort(bytes, transportAt), tcp.destinationPort(bytes, transportAt)])
    this.#sinks = [this.#sinkOf(0), this.#sinkOf(1)]
  }

  #sinkOf(side: Side): StreamSink {
    const half = this.tracker.halves[side]
    return {
      push: (bytes, at, end) => this.#scrubber.data(side, bytes, at, end, half.handing),
      gap: (length) => this.#scrubber.gap(side, half.next - length, half.next),
    }
  }

  sink(from: Side): StreamSink {
    return this.#sinks[from]
  }

  closed(): void {}

  reset(): void {}

  end(): void {
    this.tracker.end(this)
    this.#scrubber.end()
    this.tracker.log.release()
  }

  placeOf(side: Side, sequence: number): Place | null {
    const half = this.tracker.halves[side]
    return half.known ? { streams: this.streams, side, position: half.position(sequence) } : null
  }
}

/** The connections of one capture, packet by packet, and what they were when all are over. */
export class Connections {
  readonly #pseudonyms: Pseudonyms
  readonly #makeScrubber: MakeScrubber
  readonly #decoder = new Decoder()
  readonly #layers = createLayers()
  readonly #segment = createSegment()
  readonly #held = new Held()
  readonly #recent = new RecentPackets()
  readonly #blocks = new PacketBlocks()
  /** The latest connection of the ends, in both directions, and all of them in order. */
  readonly #open = new Map<string, Connection>()
  readonly #all = new Map<string, Connection[]>()
  readonly #places = new Map<number, Place>()
  #epoch: number | null = null

  constructor(pseudonyms: Pseudonyms, makeScrubber: MakeScrubber) {
    this.#pseudonyms = pseudonyms
    this.#makeScrubber = makeScrubber
  }

  /** Takes the packet with this number in the cut. Answers whether it is a fragment. */
  packet(packet: Packet, number: number): boolean {
    this.#epoch ??= packet.seconds
    const layers = this.#layers
    const kind = this.#decoder.decode(layers, packet)
    const isFragment = kind === FRAGMENT || layers.bytes !== packet.bytes
    if (kind === TCP) this.#take(packet, number)
    return isFragment
  }

  #take(packet: Packet, number: number): void {
    const layers = this.#layers
    const s = this.#segment
    readSegment(s, layers)
    s.frame = number
    s.time = (packet.seconds - this.#epoch!) * 1e9 + packet.nanoseconds
    s.link = packet.interfaceId
    const { bytes, transportAt } = layers
    const { source, destination } = endsOf(layers)
    const key = keyOf({ source, destination, ports: bytes.subarray(transportAt, transportAt + 4) })
    const connection = this.#connection(key, layers, number)
    const side: Side = connection.key === key ? 0 : 1
    connection.tracker.segment(side, s, connection)
    if (s.length === 0) return
    const place = connection.placeOf(side, s.flags & tcp.SYN ? tcp.seqAdd(s.seq, 1) : s.seq)
    if (place !== null) this.#places.set(number, place)
  }

  #connection(key: string, layers: Layers, number: number): Connection {
    const known = this.#open.get(key)
    const s = this.#segment
    if (known !== undefined) {
      if (!(s.flags & tcp.SYN) || !known.tracker.isAnother(known.key === key ? 0 : 1, s)) return known
      known.end()
    }
    const tracker = new ConnectionTracker({ frame: s.frame, time: s.time }, this.#held, this.#recent, this.#blocks)
    const begun = new Connection(key, number, tracker, layers, (own, ports) => this.#scrubber(own, ports))
    for (const one of new Set([key, reversed(key)])) {
      this.#open.set(one, begun)
      const ofThese = this.#all.get(one)
      if (ofThese === undefined) this.#all.set(one, [begun])
      else ofThese.push(begun)
    }
    return begun
  }

  #scrubber({ tracker, streams }: Connection, [first, second]: [number, number]): Scrubber {
    return this.#makeScrubber(this.#pseudonyms, streams, {
      isDns: first === DNS_PORT || second === DNS_PORT,
      opener: () => (tracker.synFrom >= 0 ? (tracker.synFrom as Side) : first < second ? 1 : 0),
      isMidstream: () => tracker.synFrom < 0,
    })
  }

  /** No more packets come. */
  end(): void {
    for (const connection of new Set(this.#open.values())) connection.end()
    this.#open.clear()
  }

  /** Where the payload of a packet belongs; null where it is of no connection. */
  placeOf(number: number): Place | null {
    return this.#places.get(number) ?? null
  }

  /** Where the payload of a segment belongs that the packet with this number quotes. */
  quoted(ends: Ends, sequence: number, number: number): Place | null {
    const key = keyOf(ends)
    const ofThese = this.#all.get(key)
    const connection = ofThese?.findLast(({ first }) => first <= number) ?? ofThese?.[0]
    return connection?.placeOf(connection.key === key ? 0 : 1, sequence) ?? null
  }
}

function endsOf({ bytes, sourceAt, destinationAt, ipVersion }: Layers): Omit<Ends, 'ports'> {
  const length = ipVersion === 4 ? 4 : 16
  return {
    source: bytes.subarray(sourceAt, sourceAt + length),
    destination: bytes.subarray(destinationAt, destinationAt + length),
  }
}

/** A separator that no text of bytes has. */
const BETWEEN = '→'

const keyOf = ({ source, destination, ports }: Ends): string =>
  [
    latin1(source, 0, source.length) + latin1(ports, 0, 2),
    latin1(destination, 0, destination.length) + latin1(ports, 2, 4),
  ].join(BETWEEN)

const reversed = (key: string): string => key.split(BETWEEN).toReversed().join(BETWEEN)
