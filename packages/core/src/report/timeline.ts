// The packet story of an incident, both legs on one clock: what a person wants to see first.
import { http2ErrorName } from '../app/http2/errors.ts'
import type { JudgedTry, Resolution } from '../diagnose/resolve.ts'
import { duration, plural } from '../amounts.ts'
import type { View } from '../diagnose/view.ts'
import { frameRef } from '../diagnose/view.ts'
import {
  CLIENT,
  type Exchange,
  isSealed,
  KEEP_ALIVE,
  type PacketRow,
  RETRANSMISSION,
  SERVER,
  WINDOW_PROBE,
} from '../observe/observations.ts'
import { alertName, handshakeName } from '../app/tls/names.ts'
import { serverView, type Request, type Story, storyTime } from '../story/story.ts'
import { FIN, RST, SYN } from '../wire/tcp.ts'
import type { FrameRef, TimelineEntry } from './document.ts'
import { streamEntries } from './stream-entries.ts'

/** Entries kept of one try; a long fight with retransmissions is told by its first and last. */
const MOST = 14

interface Entry extends Omit<TimelineEntry, 'seconds' | 'deciding'> {
  at: number
}

/** `requests`: the client's and what it became at further proxies; `resolution`: what became of it at the last one. */
export function timelineOf(
  story: Story,
  requests: readonly Request[],
  resolution: Resolution,
  deciding: readonly FrameRef[],
): TimelineEntry[] {
  const entries: Entry[] = []
  requests.forEach((request, i) => entries.push(...requestEntries(story, request, i === 0 ? 'client' : 'upstream')))
  for (const { capture, lookup } of resolution.request.lookups) {
    for (const moment of lookup.queries.slice(0, 3)) {
      entries.push({
        at: storyTime(story, capture, moment),
        leg: 'name-service',
        from: lookup.client,
        to: lookup.server,
        text: `query ${lookup.type} ${lookup.name}`,
        frames: [frameRef(story, capture, moment.frame)],
      })
    }
    if (lookup.answer !== null) {
      entries.push({
        at: storyTime(story, capture, lookup.answer),
        leg: 'name-service',
        from: lookup.server,
        to: lookup.client,
        text: lookup.rcode === 'NOERROR' ? lookup.addresses.join(', ') || 'no address' : (lookup.rcode ?? ''),
        frames: [frameRef(story, capture, lookup.answer.frame)],
      })
    }
  }
  for (const tried of resolution.tries) entries.push(...tryEntries(story, tried))
  entries.sort((a, b) => a.at - b.at)
  const start = requests[0]?.start ?? entries[0]?.at ?? 0
  const isDeciding = (frames: readonly FrameRef[]): boolean =>
    frames.some((f) => deciding.some((d) => d.capture === f.capture && d.frame === f.frame))
  return entries.map(({ at, ...entry }) => ({
    seconds: Math.round(at - start) / 1e9,
    ...entry,
    deciding: isDeciding(entry.frames),
  }))
}

function requestEntries(story: Story, request: Request, leg: Entry['leg']): Entry[] {
  const { sighting, exchange } = serverView(request.turn)
  const { capture, connection } = sighting
  const entries: Entry[] = []
  if (exchange.request.frame >= 0) {
    entries.push({
      at: request.start,
      leg,
      from: connection.client,
      to: connection.server,
      text: isSealed(exchange)
        ? `encrypted request of ${plural(exchange.bodyLength, 'byte')}`
        : `${exchange.method} ${exchange.target}${exchange.stream < 0 ? '' : `, stream ${exchange.stream}`}`,
      frames: [frameRef(story, capture, exchange.request.frame)],
    })
  }
  if (exchange.response.frame >= 0) {
    entries.push({
      at: request.answered,
      leg,
      from: connection.server,
      to: connection.client,
      text: answerText(exchange),
      frames: [frameRef(story, capture, exchange.response.frame)],
    })
  } else {
    const reset = exchange.detail?.streamReset ?? null
    const closed = reset ?? connection.sides[SERVER].reset ?? connection.sides[SERVER].fin
    if (closed !== null) {
      const isClients = reset?.from === CLIENT
      entries.push({
        at: storyTime(story, capture, closed),
        leg,
        from: isClients ? connection.client : connection.server,
        to: isClients ? connection.server : connection.client,
        text:
          reset === null
            ? 'closed without an answer'
            : `${reset.by} ${http2ErrorName(reset.code)}, stream ${exchange.stream}`,
        frames: [frameRef(story, capture, closed.frame)],
      })
    }
  }
  return entries
}

function answerText(exchange: Exchange): string {
  if (isSealed(exchange)) return `encrypted answer of ${plural(exchange.responseBytes, 'byte')}`
  return exchange.status > 0 ? `status ${exchange.status}` : 'bytes that are no HTTP answer'
}

function tryEntries(story: Story, { attempt, verdict }: JudgedTry): Entry[] {
  if (attempt.search !== null) {
    const { capture, search } = attempt.search
    return search.requests.slice(0, 4).map((moment) => ({
      at: storyTime(story, capture, moment),
      leg: 'upstream' as const,
      from: search.from,
      to: null,
      text: `who has ${search.target}? no answer`,
      frames: [frameRef(story, capture, moment.frame)],
    }))
  }
  const facts = verdict?.facts
  if (!facts) return []
  const { near } = facts
  const { connection } = near
  const entry = (packet: PacketRow, text: string, more: readonly PacketRow[] = []): Entry => ({
    at: packet.time,
    leg: 'upstream',
    from: packet.from === CLIENT ? connection.client : connection.server,
    to: packet.from === CLIENT ? connection.server : connection.client,
    text,
    frames: [packet, ...more].slice(0, 6).map((p) => near.ref(p)),
  })
  const entries: Entry[] = []
  // Packets of one kind in a row are one line.
  let run: PacketRow[] = []
  const spoken = handshakeByFrame(near)
  const kindIn = (p: PacketRow): Kind | null => {
    const kind = kindOf(p)
    return kind === 'data' && isHandshake(spoken, p) ? 'handshake' : kind
  }
  const flush = (): void => {
    if (run.length > 0) entries.push(entry(run[0], handshakeText(spoken, run) ?? textOf(run, near), run.slice(1)))
    run = []
  }
  const relevant = near.packets.filter((p) => p.time >= facts.asked - 1e9 * 60)
  for (const packet of relevant) {
    const kind = kindIn(packet)
    // The end of the exchange before is no part of this one.
    if (kind === null || ((kind === 'data' || kind === 'retransmission') && packet.time < facts.asked)) continue
    // The bytes of an HTTP/2 connection are those of many streams; this one's are told below.
    if (facts.stream !== null && kind === 'data') continue
    if (run.length > 0 && (kindIn(run[0]) !== kind || run[0].from !== packet.from)) flush()
    run.push(packet)
  }
  flush()
  for (const { at, by, text, frame } of streamEntries(facts)) {
    const [from, to] = by === 'proxy' ? [connection.client, connection.server] : [connection.server, connection.client]
    entries.push({ at, leg: 'upstream', from, to, text, frames: [frame] })
  }
  for (const { capture, error } of attempt.conversation?.icmp.slice(0, 3) ?? []) {
    entries.push({
      at: storyTime(story, capture, error),
      leg: 'upstream',
      from: error.from,
      to: connection.client,
      text: `ICMP ${error.text}`,
      frames: [frameRef(story, capture, error.frame)],
    })
  }
  entries.sort((a, b) => a.at - b.at)
  return entries.length <= MOST ? entries : [...entries.slice(0, MOST - 5), ...entries.slice(-5)]
}

/** What TLS says in a frame; `until` is the last frame of the handshake. */
interface Spoken {
  words: Map<number, string[]>
  until: number
}

/** Handshake messages and alerts by the frame in which they begin. */
function handshakeByFrame({ connection: { tls } }: View): Spoken {
  const words = new Map<number, string[]>()
  let until = -1
  const add = (frame: number, text: string): void => {
    const said = words.get(frame)
    if (said === undefined) words.set(frame, [text])
    else if (said.at(-1) !== text) said.push(text)
  }
  for (const { type, first, last } of tls?.messages ?? []) {
    add(first.frame, type < 0 ? 'encrypted handshake' : handshakeName(type))
    until = Math.max(until, last.frame)
  }
  for (const { description, at } of tls?.alerts ?? []) {
    add(at.frame, description < 0 ? 'encrypted alert' : `alert ${alertName(description)}`)
  }
  return { words, until }
}

/** A packet between the handshake's messages goes on with one. */
const isHandshake = ({ words, until }: Spoken, { frame }: PacketRow): boolean => words.has(frame) || frame <= until

function handshakeText(spoken: Spoken, run: readonly PacketRow[]): string | null {
  const [first] = run
  const said = run.flatMap(({ frame }) => spoken.words.get(frame) ?? [])
  if (said.length === 0 || first.length === 0) return null
  const end = first.flags & FIN ? ', FIN' : first.flags & RST ? ', RST' : ''
  return [...new Set(said)].join(', ') + end
}

type Kind = 'handshake' | 'SYN' | 'SYN-ACK' | 'RST' | 'FIN' | 'retransmission' | 'probe' | 'data' | 'window'

/** What a packet is in the story; null for plain acknowledgements. */
function kindOf(p: PacketRow): Kind | null {
  if (p.flags & SYN) return p.from === CLIENT ? 'SYN' : 'SYN-ACK'
  if (p.flags & RST) return 'RST'
  if (p.flags & FIN) return 'FIN'
  if (p.marks & (KEEP_ALIVE | WINDOW_PROBE)) return 'probe'
  if (p.length > 0) return p.marks & RETRANSMISSION ? 'retransmission' : 'data'
  return p.window === 0 ? 'window' : null
}

function textOf(run: readonly PacketRow[], { exchange }: View): string {
  const [first] = run
  const bytes = run.reduce((sum, p) => sum + p.length, 0)
  const lasting = run.length > 1 ? ` in ${duration((run.at(-1)!.time - first.time) / 1e9)}` : ''
  switch (kindOf(first)) {
    case 'SYN':
    case 'SYN-ACK':
    case 'RST':
    case 'FIN': {
      const name = kindOf(first)!
      const data = first.length > 0 ? `, ${first.length} bytes` : ''
      return run.length === 1 ? `${name}${data}` : `${name}, sent ${plural(run.length, 'time')}${lasting}`
    }
    case 'retransmission':
      return `${plural(run.length, 'retransmission')} of ${first.length} bytes${lasting}`
    case 'probe':
      return `${plural(run.length, 'probe')}${lasting}`
    case 'window':
      return `window closed${run.length > 1 ? ` (${plural(run.length, 'packet')})` : ''}`
    default:
      return `${first.from === CLIENT ? 'request' : 'response'} ${bytes} bytes${exchange !== null && first.from === SERVER && exchange.status > 0 ? ` (status ${exchange.status})` : ''}`
  }
}
