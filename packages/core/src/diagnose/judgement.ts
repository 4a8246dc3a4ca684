// What a judge answers: a cause with how sure it is, what shows it, and what else it could be.
import type { PacketRow } from '../observe/observations.ts'
import type { Confidence, Finding, FrameRef, RuledOut } from '../report/document.ts'
import type { CauseCode, Domain } from './catalogue.ts'
import type { Facts } from './facts.ts'
import type { View } from './view.ts'

export { duration, plural } from '../amounts.ts'

export interface Judgement {
  cause: CauseCode
  confidence: Confidence
  /** Only where it differs from the cause's usual domain. */
  domain?: Domain
  /** One sentence, the subject first: "10.1.0.2:8080 refused the connection". */
  summary: string
  /** Frames that decide come first. */
  findings: Finding[]
  /** Causes that fit too, and what would decide. */
  competing?: RuledOut[]
  ruledOut?: RuledOut[]
}

/** Looks at a failed try. Null: this is not the cause. */
export type Judge = (facts: Facts) => Judgement | null

/** Frames of some packets of a view; the first ones and the last where there are many. */
export function frames(view: View, packets: readonly PacketRow[], most = 6): FrameRef[] {
  const some = packets.length <= most ? packets : [...packets.slice(0, most - 1), packets[packets.length - 1]]
  return some.map((packet) => view.ref(packet))
}

/** What the proxy had sent: its request, or where it never came to one, what opens TLS. */
export const askedOf = ({ exchange }: View): string => (exchange === null ? 'ClientHello' : 'request')

export const upstreamOf = (facts: Facts): string => facts.near.connection.server
