// Secrets for some sessions out of key logs for many: lines by client random, found when the ClientHello comes by.
import { type Bytes, hexOf } from '../bytes/read.ts'
import type { Packet } from '../capture/packet.ts'
import { Decoder } from '../wire/decode.ts'
import { createLayers, TCP } from '../wire/layers.ts'
import { headerLength } from '../wire/tcp.ts'

/** TLS record and handshake header in front of ClientHello.random (RFC 8446 sections 5.1, 4 and 4.1.2). */
const HANDSHAKE = 22
const CLIENT_HELLO = 1
const RECORD_VERSION = 1
const MESSAGE_TYPE = 5
const RANDOM = 11
const RANDOM_END = RANDOM + 32

export class SecretLines {
  /** By client random in lower-case hexadecimal. */
  readonly #lines = new Map<string, string[]>()
  readonly #decoder = new Decoder()
  readonly #layers = createLayers()
  /** Sessions that were seen and had no secret yet: a key log may come behind its session. */
  readonly #waiting = new Set<string>()

  /** Takes key log text in. Answers the lines that a session seen before was waiting for, '' for none. */
  add(text: string): string {
    let due = ''
    for (let at = 0; at < text.length;) {
      const lineEnd = text.indexOf('\n', at)
      const end = lineEnd < 0 ? text.length : lineEnd
      const line = text.slice(at, text[end - 1] === '\r' ? end - 1 : end)
      at = end + 1
      const random = /^[A-Z0-9_]+[ \t]+([0-9a-fA-F]{64})[ \t]/.exec(line)?.[1]!.toLowerCase()
      if (random === undefined) continue
      if (this.#waiting.has(random)) due += `${line}\n`
      const lines = this.#lines.get(random)
      if (lines === undefined) this.#lines.set(random, [line])
      else if (!lines.includes(line)) lines.push(line)
    }
    return due
  }

  /** The secrets of the session that begins in this packet, as key log text; '' where none does, or none is known. */
  of(packet: Packet): string {
    const random = this.#clientRandom(packet)
    if (random === null || this.#waiting.has(random)) return ''
    this.#waiting.add(random)
    return [...(this.#lines.get(random) ?? [])].map((line) => `${line}\n`).join('')
  }

  #clientRandom(packet: Packet): string | null {
    if (this.#decoder.decode(this.#layers, packet) !== TCP) return null
    const { bytes, transportAt, transportEnd } = this.#layers
    // Behind a PROXY header or STARTTLS the hello need not begin the packet, but it begins a record.
    const from = transportAt + headerLength(bytes, transportAt)
    for (let at = from; at + RANDOM_END <= transportEnd; at++) {
      if (isClientHello(bytes, at)) return hexOf(bytes.subarray(at + RANDOM, at + RANDOM_END))
    }
    return null
  }
}

const isClientHello = (b: Bytes, at: number): boolean =>
  b[at] === HANDSHAKE &&
  b[at + RECORD_VERSION] === 3 &&
  b[at + MESSAGE_TYPE] === CLIENT_HELLO &&
  b[at + MESSAGE_TYPE + 1] === 0 &&
  b[at + MESSAGE_TYPE + 4] === 3
