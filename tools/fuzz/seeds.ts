// What fuzzing starts from: the captures of cases/, those that lie beside this repository, and what runs in them.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Bytes, Packet } from '@pcap-surgery/core'
import { sniff } from '../../packages/core/src/app/sniff.ts'
import { createCaptureReader } from '../../packages/core/src/capture/open.ts'
import { Decoder } from '../../packages/core/src/wire/decode.ts'
import { createLayers, TCP, UDP } from '../../packages/core/src/wire/layers.ts'
import { destinationPort, headerLength, sequence, sourcePort } from '../../packages/core/src/wire/tcp.ts'
import { conversation, type Turn, withLengths } from './parts.ts'

/** Larger files make slow inputs, and hold little that is not in a smaller one. */
const LARGEST = 100_000
/** Of one protocol. */
const CONVERSATIONS = 60
/** Bytes of a conversation, and those of one push, whose length has 16 bits. */
const CONVERSATION = 24_000
const PUSH = 0xffff

/** A folder of captures, and the key logs beside them. */
const isCapture = (file: string): boolean => /\.(pcap|pcapng|snoop)(\.gz|\.zst|\.lz4)?$/.test(file)
const isKeyLog = (file: string): boolean => /^keys.*\.(log|txt|key)$/.test(file)

export class Seeds {
  /** Files by path. */
  readonly captures = new Map<string, Bytes>()
  readonly keyLogs: Bytes[] = []
  /** Captures and key logs that belong together, as `withLengths`. */
  readonly scenarios: Bytes[] = []
  /** Conversations by what the first bytes of either side look like. */
  readonly conversations = new Map<string, Bytes[]>()
  readonly dns: Bytes[] = []
  /** Single frames with their link type before them. */
  readonly frames: Bytes[] = []

  /** `roots` hold folders of captures, or captures. */
  constructor(roots: readonly string[]) {
    for (const root of roots.filter(existsSync)) {
      this.#folder(root, false)
      for (const name of readdirSync(root).toSorted()) {
        const folder = join(root, name)
        if (statSync(folder).isDirectory()) this.#folder(folder, true)
      }
    }
    for (const bytes of this.captures.values()) this.#look(bytes)
  }

  #folder(folder: string, isScenario: boolean): void {
    const parts: Bytes[] = []
    for (const name of readdirSync(folder).toSorted()) {
      const file = join(folder, name)
      if (!(isCapture(name) || isKeyLog(name)) || statSync(file).size > LARGEST) continue
      const bytes = new Uint8Array(readFileSync(file))
      parts.push(bytes)
      if (isKeyLog(name)) this.keyLogs.push(bytes)
      else this.captures.set(file, bytes)
    }
    if (isScenario && parts.length > 0) this.scenarios.push(withLengths(parts))
    if (!isScenario) for (const part of parts) this.scenarios.push(withLengths([part]))
  }

  /** Takes apart what a capture holds. */
  #look(bytes: Bytes): void {
    const decoder = new Decoder()
    const layers = createLayers()
    const open = new Map<string, Open>()
    const kinds = new Set<number>()
    const packet = (p: Packet): void => {
      const kind = decoder.decode(layers, p)
      if (!kinds.has(kind) && this.frames.length < 400) {
        kinds.add(kind)
        this.frames.push(Uint8Array.from([p.linkType >> 8, p.linkType & 255, ...p.bytes.subarray(p.at, p.end)]))
      }
      if (kind !== TCP && kind !== UDP) return
      const { bytes: b, transportAt: at, transportEnd: end, sourceAt, destinationAt, ipVersion } = layers
      const [source, destination] = [sourcePort(b, at), destinationPort(b, at)]
      if (kind === UDP) {
        if ((source === 53 || destination === 53) && this.dns.length < 100) this.dns.push(b.slice(at + 8, end))
        return
      }
      const size = ipVersion === 4 ? 4 : 16
      const a = `${b.slice(sourceAt, sourceAt + size)}:${source}`
      const z = `${b.slice(destinationAt, destinationAt + size)}:${destination}`
      const key = a < z ? `${a} ${z}` : `${z} ${a}`
      let one = open.get(key)
      if (one === undefined) open.set(key, (one = { first: a, turns: [], next: [-1, -1], size: 0 }))
      take(one, one.first === a ? 0 : 1, sequence(b, at), b.slice(Math.min(end, at + headerLength(b, at)), end))
    }
    const reader = createCaptureReader()
    reader.push(bytes, { packet })
    reader.end({ packet })
    for (const { turns } of open.values()) this.#keep(turns)
  }

  #keep(turns: Turn[]): void {
    for (const side of [0, 1]) {
      const first = turns.find(({ from }) => from === side)
      if (first === undefined) continue
      const speaks = sniff(first.bytes, 0, first.bytes.length)
      const list = this.conversations.get(speaks) ?? []
      if (list.length < CONVERSATIONS) list.push(conversation(turns))
      this.conversations.set(speaks, list)
    }
  }

  /** Conversations in which a side looks like one of these. */
  speaking(...kinds: string[]): Bytes[] {
    return kinds.flatMap((kind) => this.conversations.get(kind) ?? [])
  }
}

interface Open {
  first: string
  turns: Turn[]
  /** Sequence numbers to come. */
  next: [number, number]
  size: number
}

/** Takes a segment, unless it repeats what was there. */
function take(one: Open, from: 0 | 1, seq: number, payload: Bytes): void {
  if (payload.length === 0 || payload.length > PUSH || one.size > CONVERSATION) return
  if (one.next[from] >= 0 && ((seq - one.next[from]) | 0) < 0) return
  one.next[from] = (seq + payload.length) >>> 0
  one.turns.push({ from, what: 'push', bytes: payload, length: payload.length })
  one.size += payload.length
}
