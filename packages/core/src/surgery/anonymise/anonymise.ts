// A cut in, the same cut out with nothing in it that says whose it is: addresses, MACs, names, values and bodies have
// others in their places, as long as they were. Lengths, times and what TCP did stay, and so does every checksum what
// it was, right or wrong.
//
// Two readings. In the first one, the streams of each connection are read by scrubbers; in the second one, each packet
// becomes what they said of its bytes, however often these were sent and whatever quotes them.
import type { Bytes } from '../../bytes/read.ts'
import { createCaptureReader } from '../../capture/open.ts'
import type { CaptureInfo, Packet, PacketSink } from '../../capture/packet.ts'
import { parseSourceName, sourceName } from '../../capture/source-name.ts'
import type { CaptureWriter } from '../../capture/writer.ts'
import { Connections } from './connections.ts'
import type { Pseudonyms } from './contract.ts'
import { FragmentedDatagrams } from './fragments.ts'
import { type Framed, type Known, PacketAnonymiser } from './packet.ts'
import { type Scrubbers, scrubbers as ours } from './scrubbers.ts'

/** One of the captures in the cut: what was read of it in the first reading, and who makes its packets in the second. */
interface Capture {
  connections: Connections
  first: PacketAnonymiser
  second: PacketAnonymiser
}

/** Anonymises cuts, one or those of the legs of an incident, with the same pseudonyms. */
export class Anonymiser {
  readonly #pseudonyms: Pseudonyms
  readonly #scrubbers: Scrubbers
  readonly #names = new SourceNumbers()

  constructor(pseudonyms: Pseudonyms, scrubbers: Scrubbers = ours) {
    this.#pseudonyms = pseudonyms
    this.#scrubbers = scrubbers
  }

  /**
   * Reads a cut twice and writes its packets in their order. Comments, resolved names and secrets are left out, and
   * interfaces have numbers for the names of their captures. Throws what `open` and the writer throw.
   */
  async cut(open: () => AsyncIterable<Bytes>, writer: CaptureWriter): Promise<void> {
    const captures = new Map<string, Capture>()
    await read(open, (packet, number, info) => {
      const { connections, first } = this.#captureOf(captures, packet, info)
      // Only on fragments' account: what becomes of the copy nobody sees.
      if (connections.packet(packet, number)) first.packet(framed(packet), number)
    })
    for (const { connections } of captures.values()) connections.end()
    const interfaces = new Map<string, number>()
    const info = await read(open, (packet, number, own) => {
      const { second } = this.#captureOf(captures, packet, own)
      const copy = framed(packet)
      const linkType = second.packet(copy, number)
      const key = `${packet.interfaceId} ${linkType}`
      let interfaceId = interfaces.get(key)
      if (interfaceId === undefined) {
        const { snapLength, name } = own.interfaces[packet.interfaceId]!
        const described = { linkType, snapLength, name: this.#names.nameFor(name), comment: null }
        interfaces.set(key, (interfaceId = writer.addInterface(described)))
      }
      const { seconds, nanoseconds, wireLength } = packet
      const { bytes } = copy
      writer.packet({ seconds, nanoseconds, bytes, at: 0, end: bytes.length, wireLength, interfaceId })
    })
    info.interfaces.forEach(({ dropped, linkType }, id) => {
      const written = interfaces.get(`${id} ${linkType}`)
      if (dropped !== null && written !== undefined) writer.dropped(written, dropped)
    })
    writer.end()
  }

  #captureOf(captures: Map<string, Capture>, { interfaceId }: Packet, { interfaces }: CaptureInfo): Capture {
    const source = captureName(interfaces[interfaceId]!.name)
    let capture = captures.get(source)
    if (capture === undefined) captures.set(source, (capture = this.#begin()))
    return capture
  }

  #begin(): Capture {
    const { stream, datagram } = this.#scrubbers
    const connections = new Connections(this.#pseudonyms, stream)
    const fragments = new FragmentedDatagrams()
    const known: Known = {
      placeOf: (number) => connections.placeOf(number),
      quoted: (ends, sequence, number) => connections.quoted(ends, sequence, number),
      datagramOf: (fragment, number) => fragments.of(fragment, number),
    }
    const gathering: Known = {
      ...known,
      datagramOf: (fragment, number) => {
        fragments.add(fragment, number)
        return null
      },
    }
    return {
      connections,
      first: new PacketAnonymiser(this.#pseudonyms, () => {}, gathering),
      second: new PacketAnonymiser(this.#pseudonyms, datagram, known),
    }
  }
}

/** Reads a cut to its end; packets are numbered from 0. */
async function read(
  open: () => AsyncIterable<Bytes>,
  take: (packet: Packet, number: number, info: CaptureInfo) => void,
): Promise<CaptureInfo> {
  const reader = createCaptureReader()
  let number = 0
  const sink: PacketSink = { packet: (packet) => take(packet, number++, reader.info) }
  for await (const chunk of open()) reader.push(chunk, sink)
  reader.end(sink)
  return reader.info
}

/** A copy of the packet's bytes, which belongs to whoever is to change it. */
function framed({ bytes, at, end, linkType, wireLength, interfaceId, seconds }: Packet): Framed {
  return { bytes: bytes.slice(at, end), linkType, wireLength, interfaceId, seconds }
}

/** Which of the captures in the cut, as `observeApart` tells them apart. */
function captureName(interfaceName: string | null): string {
  const source = parseSourceName(interfaceName)
  return source === null ? '' : sourceName({ ...source, interface: null })
}

/** File names and names of interfaces may say whose they are: they are numbered. Vantages stay. */
class SourceNumbers {
  readonly #captures = new Map<string, { number: number; interfaces: string[] }>()

  nameFor(name: string | null): string | null {
    const { vantage, interface: own } = parseSourceName(name) ?? { vantage: 'capture', interface: name }
    const capture = captureName(name)
    let known = this.#captures.get(capture)
    if (known === undefined) this.#captures.set(capture, (known = { number: this.#captures.size + 1, interfaces: [] }))
    if (own !== null && !known.interfaces.includes(own)) known.interfaces.push(own)
    const number = own === null ? null : `interface ${known.interfaces.indexOf(own) + 1}`
    return sourceName({ vantage, file: `capture ${known.number}`, interface: number })
  }
}
