// The sequence diagram of an incident as plain data: the hosts, their connections, and every packet that is kept of both
// legs, each once however many captures saw it, on the story's clock.
import type { Story } from '../story/story.ts'
import type { FrameRef, Incident } from './document.ts'
import type { Leg } from './kept.ts'
import { drawn } from './ladder-drawing.ts'
import { withFewerLanes } from './ladder-fewer.ts'

export type LaneRole = 'client' | 'proxy' | 'upstream' | 'name-server' | 'host'

/** A host as far as known: a proxy's front and back addresses are one lane. */
export interface Lane {
  role: LaneRole
  /** Addresses; an endpoint where a proxy and its upstream are processes of one host. */
  addresses: string[]
  /** `proxy`, or `upstream 2` where there are several. */
  name: string
  /** Name that a captured lookup gave for its address; null without. */
  host: string | null
}

export interface LadderConnection {
  /** Endpoints as the capture nearest to the client has them. */
  client: string
  server: string
  clientLane: number
  serverLane: number
  /** `other`: neither leg of the incident; drawn because a packet of it is cited. */
  leg: Leg | 'other'
  /** Index in the incident's `attempts`; null for the client leg and for hops that the document does not list. */
  attempt: number | null
  /** When the try began and was over for the proxy, as `seconds` of arrows: its wait or its timeout. Null: not known. */
  startSeconds: number | null
  endSeconds: number | null
  /** Ids of the captures that saw it, from the client's end to the server's. */
  captures: number[]
  /** Packets that no capture's observations keep, and the arrows' `seconds` that they lie between. */
  omitted: number
  omittedFrom: number | null
  omittedTo: number | null
}

/** Shapes of packets, not causes. `probe`: keep-alive or window probe; `http2`: a frame that is no part of a message. */
export type ArrowKind =
  | 'syn'
  | 'syn-ack'
  | 'ack'
  | 'request'
  | 'response'
  | 'data'
  | 'tls'
  | 'http2'
  | 'fin'
  | 'reset'
  | 'probe'
  | 'icmp'
  | 'dns'
  | 'neighbour'

/**
 * `spurious`: sent again though acknowledged; `continued`: of a message that began in another packet; `unsent`: the capture at the
 * sender's end watched and does not have it.
 */
export type ArrowMark =
  | 'retransmission'
  | 'spurious'
  | 'out-of-order'
  | 'keep-alive'
  | 'window-probe'
  | 'zero-window'
  | 'window-full'
  | 'duplicate-ack'
  | 'gap-before'
  | 'sack'
  | 'fin'
  | 'continued'
  | 'unsent'

/** Positions are relative to the initial sequence numbers, as the capture nearest to the sender counts them; -1 unknown. */
export interface ArrowTcp {
  seq: number
  ack: number
  length: number
  window: number
  /** Right edge of the highest SACK block. */
  sack: number
  /** `PSH, ACK`. */
  flags: string
  ttl: number
}

/** One packet. */
export interface Arrow {
  /** After the client's request began, on the story's clock, as seen nearest to the sender; negative before it. */
  seconds: number
  /** As seen nearest to the receiver; null where one capture saw it. Never before `seconds`: what clocks err is cut off. */
  arrivalSeconds: number | null
  /** The capture at the receiver's end ran and watched the connection, and does not have it. */
  lost: boolean
  /** Lanes; `to` null: to everybody on the link. */
  from: number
  to: number | null
  kind: ArrowKind
  marks: ArrowMark[]
  /** A few words, untrusted like all text of captures: `SYN`, `GET /api/report`, `504 Gateway Time-out`, `ClientHello`. */
  label: string
  /** Index in `connections`; null where it belongs to none. */
  connection: number | null
  /** The frame of every capture that saw it, sender's end first. */
  frames: FrameRef[]
  /** One of the frames that the incident's first finding rests on. */
  deciding: boolean
  /** Null where only the moment of the packet was kept, and for what is not TCP. */
  tcp: ArrowTcp | null
}

export interface Ladder {
  lanes: Lane[]
  connections: LadderConnection[]
  /** In order of `seconds`. */
  arrows: Arrow[]
  /** Hosts for which there was no lane, and their packets: none of both are above. */
  leftOut: { lanes: number; packets: number }
}

/** Hosts of a ladder; a request may have been tried at thousands. */
const MOST_LANES = 16

/** `incident` is one of `diagnose(story)`. */
export const ladderOf = (story: Story, incident: Incident): Ladder => withFewerLanes(drawn(story, incident), MOST_LANES)
