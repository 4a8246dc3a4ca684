// Where the headers of a packet end and the payload of TCP or UDP begins.
import type { Packet } from '../capture/packet.ts'
import { Decoder } from '../wire/decode.ts'
import { createLayers, TCP, UDP } from '../wire/layers.ts'
import { headerLength } from '../wire/tcp.ts'
import * as udp from '../wire/udp.ts'

export class HeaderEnd {
  readonly #decoder = new Decoder()
  readonly #layers = createLayers()

  /** End of the packet without payload. What is neither TCP nor UDP, and what came in fragments, is all header. */
  of(packet: Packet): number {
    const kind = this.#decoder.decode(this.#layers, packet)
    const { bytes, transportAt } = this.#layers
    if ((kind !== TCP && kind !== UDP) || bytes !== packet.bytes) return packet.end
    return Math.min(packet.end, transportAt + (kind === TCP ? headerLength(bytes, transportAt) : udp.HEADER))
  }
}
