// The packets that observations keep, as objects.
import { packetsIn } from '../flow/packet-log.ts'
import type { Connection, ExchangeDetail, PacketRow } from './observations.ts'

/** The packets of a connection without exchanges, or of an exchange in trouble: new objects every time. */
export const packetsOf = ({ packets }: Pick<Connection | ExchangeDetail, 'packets'>): PacketRow[] => packetsIn(packets)
