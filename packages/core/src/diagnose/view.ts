// A connection as one capture shows it, with its packets on the story's clock: what judges look at.
import type { Connection, Exchange, Moment, PacketRow } from '../observe/observations.ts'
import type { FrameRef } from '../report/document.ts'
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
  const { shift } = story.captures[capture]
  const kept = exchange?.detail?.packets ?? (exchange === null ? connection.packets : [])
  return {
    capture,
    connection,
    exchange,
    packets: kept.map((row) => ({ ...row, time: row.time + shift })),
    packetsOmitted: exchange?.detail?.packetsOmitted ?? (exchange === null ? connection.packetsOmitted : 0),
    at: (moment) => moment.time + shift,
    ref: (moment) => frameRef(story, capture, moment.frame),
  }
}

/** A frame of a capture as the document names it: by file, also within a rotated capture. */
export function frameRef(story: Story, capture: number, frame: number): FrameRef {
  const { observations, ids } = story.captures[capture]
  const part = observations.parts.findLastIndex((p) => p.offset < frame)
  return part < 0 ? { capture: ids[0], frame } : { capture: ids[part], frame: frame - observations.parts[part].offset }
}
