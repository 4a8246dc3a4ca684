// The packets that observations keep, as objects; and what stands for one that they did not keep.
import { packetsIn } from '../flow/packet-log.ts'
import type { Connection, ExchangeDetail, PacketRow, SideIndex } from './observations.ts'

/** The packets of a connection without exchanges, or of an exchange in trouble: new objects every time. */
export const packetsOf = ({ packets }: Pick<Connection | ExchangeDetail, 'packets'>): PacketRow[] => packetsIn(packets)

/** For a packet of which only the moment is known, and maybe the position of its first byte: `seq`, else -1. */
export const packetNotKept = (frame: number, time: number, from: SideIndex, seq: number): PacketRow => ({
  frame,
  time,
  from,
  flags: 0,
  seq,
  length: seq < 0 ? 0 : 1,
  ack: -1,
  window: -1,
  sack: -1,
  ttl: -1,
  ipId: -1,
  marks: 0,
})
