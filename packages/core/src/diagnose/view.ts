// A connection as one capture shows it, with its packets on the story's clock: what judges look at.
import {
  CLIENT,
  type Connection,
  CONTROL,
  type Exchange,
  GAP_BEFORE,
  isSealed,
  type Moment,
  type PacketRow,
  SERVER,
} from '../observe/observations.ts'
import { packetsOf } from '../observe/packets.ts'
import type { FrameRef } from '../report/document.ts'
import { toStory } from '../story/clocks/time.ts'
import type { Sighting, Story, Try } from '../story/story.ts'

export interface View {
  capture: number
  connection: Connection
  exchange: Exchange | null
  /** Packets kept of the exchange, or of the connection where it has none; times are story times. */
  packets: PacketRow[]
  packetsOmitted: number
  /** Story time of a moment of this capture. */
  at(moment: Moment): number
  ref(moment: Moment): FrameRef
}

/** The try as each sighting shows it, from the proxy's end to the upstream's. */
export function viewsOf(story: Story, attempt: Try): View[] {
  if (attempt.conversation === null) return []
  return attempt.conversation.sightings.map((sighting, i) => viewOf(story, sighting, attempt.turn?.views[i] ?? null))
}

export function viewOf(story: Story, sighting: Sighting, exchange: Exchange | null): View {
  const { capture, connection } = sighting
  const clock = story.captures[capture]
  const kept = exchange === null ? connection : exchange.detail
  const packets = kept === null ? [] : packetsOf(kept)
  const controlMark = ownBytes(connection, exchange, packets, clock.observations.counts.cutBySnapLength > 0)
  for (const packet of packets) {
    packet.time = toStory(clock, packet.time)
    packet.marks |= controlMark(packet)
  }
  return {
    capture,
    connection,
    exchange,
    packets,
    packetsOmitted: kept?.packetsOmitted ?? 0,
    at: (moment) => toStory(clock, moment.time),
    ref: (moment) => frameRef(story, capture, moment.frame),
  }
}

/** An alert's record is no longer, whatever protects it. */
const ALERT_MOST = 96

/**
 * Marks what TLS says for itself after the request: what comes before the response's first record, which may be never.
 * Behind the proxy's RST nobody reads records any more, and size alone tells an alert from an answer that came too late.
 */
function ownBytes(
  connection: Connection,
  exchange: Exchange | null,
  rows: readonly PacketRow[],
  isCut: boolean,
): (row: PacketRow) => number {
  if (connection.tls === null || exchange === null || exchange.protocol === 'http2') return () => 0
  const { request, responseFrom } = exchange
  const from = responseFrom < 0 ? Infinity : responseFrom
  const gone = connection.sides[CLIENT].reset?.frame ?? Infinity
  // What came behind a hole nobody has read either.
  const unread = rows.find((row) => row.from === SERVER && row.frame > request.frame && row.marks & GAP_BEFORE)
  const to = Math.min(from, unread?.seq ?? Infinity)
  // Nor what the snap length cut: a record that lacks a byte cannot be opened.
  const isUnopened = isCut && !isSealed(exchange) && exchange.detail?.incomplete === true
  const isOwn = (row: PacketRow): boolean =>
    row.frame > request.frame &&
    row.seq + row.length <= to &&
    ((row.frame < gone && !isUnopened) || row.length <= ALERT_MOST)
  return (row) => (row.from === SERVER && isOwn(row) ? CONTROL : 0)
}

/** A frame of a capture as the document names it: by file, also within a rotated capture. */
export function frameRef(story: Story, capture: number, frame: number): FrameRef {
  const { observations, ids } = story.captures[capture]
  const part = observations.parts.findLastIndex((p) => p.offset < frame)
  return part < 0 ? { capture: ids[0], frame } : { capture: ids[part], frame: frame - observations.parts[part].offset }
}
