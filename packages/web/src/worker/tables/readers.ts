// How each column is read from a row, and by what it is sorted.
import { type Connection, type Exchange, isSealed, ownTimestamp, toStory } from '@pcap-surgery/core'
import type { Cell } from '../../session/protocol.ts'
import type { ConnectionColumn, ExchangeColumn } from '../../tables/columns.ts'
import type { ConnectionRef, ExchangeRef, TableCapture } from './shelf.ts'
import { endOf, spokenOn } from './words.ts'

/** A column that is sorted by numbers, by texts, or by addresses and then ports. */
export interface Reader<Ref> {
  by: 'number' | 'text' | 'endpoint'
  /** What it is sorted by, where that is not the cell; null comes last. */
  key?: (row: Ref) => number | null
  cell: (row: Ref, first: TableCapture) => Cell
}

/** Characters of a cell; the row's details have more. */
const LONGEST = 400

/** Story time at which a connection or exchange begins; null where that was not seen. */
export const beginOf = ({ capture, connection }: ConnectionRef): number => toStory(capture, connection.first.time)

export function requestOf({ capture, exchange }: ExchangeRef): number | null {
  const { time } = exchange.request.frame >= 0 ? exchange.request : exchange.response
  return time < 0 ? null : toStory(capture, time)
}

const timeText = (time: number | null, { observations }: TableCapture): string | null =>
  time === null ? null : ownTimestamp(observations, time)

const nameOf = ({ capture }: ConnectionRef): string => capture.observations.parts[0]?.file ?? ''
const cut = (text: string | null): string | null => (text === null ? null : text.slice(0, LONGEST))
const exchanged = (value: (exchange: Exchange) => number | null): Reader<ExchangeRef> => ({
  by: 'number',
  cell: ({ exchange }) => value(exchange),
})
const connected = (value: (connection: Connection) => number | null): Reader<ConnectionRef> => ({
  by: 'number',
  cell: ({ connection }) => value(connection),
})
const text = <Ref extends ConnectionRef>(value: (row: Ref) => string | null): Reader<Ref> => ({
  by: 'text',
  cell: (row) => cut(value(row)),
})
const ENDPOINTS = {
  client: { by: 'endpoint', cell: ({ connection }: ConnectionRef) => connection.client },
  server: { by: 'endpoint', cell: ({ connection }: ConnectionRef) => connection.server },
  capture: text(nameOf),
} as const

export const CONNECTIONS: { readonly [id in ConnectionColumn]: Reader<ConnectionRef> } = {
  ...ENDPOINTS,
  start: { by: 'number', key: beginOf, cell: (row, first) => timeText(beginOf(row), first) },
  speaks: text(({ connection }) => spokenOn(connection)),
  exchanges: connected(({ exchangeCount }) => exchangeCount),
  duration: connected(({ first, last }) => (last.time - first.time) / 1e9),
  sent: connected(({ sides }) => sides[0].bytes),
  received: connected(({ sides }) => sides[1].bytes),
  segments: connected(({ sides }) => sides[0].segments + sides[1].segments),
  retransmissions: connected(({ sides }) => sides[0].retransmissions + sides[1].retransmissions),
  ended: text(({ connection }) => endOf(connection)),
}

/** Those of the column of incidents are in the table itself; see tables.ts. */
export const EXCHANGES: { readonly [id in Exclude<ExchangeColumn, 'incident'>]: Reader<ExchangeRef> } = {
  ...ENDPOINTS,
  start: { by: 'number', key: requestOf, cell: (row, first) => timeText(requestOf(row), first) },
  method: text(({ exchange }) => exchange.method || null),
  host: text(({ exchange }) => exchange.host),
  target: text(({ exchange }) => (isSealed(exchange) ? null : exchange.target || null)),
  status: exchanged(({ status }) => (status === 0 ? null : status)),
  wait: exchanged(({ request, response }) => between(request.time, response.time)),
  duration: exchanged(({ request, responseEnd }) => between(request.time, responseEnd.time)),
  bytes: exchanged(({ response, responseBytes }) => (response.frame < 0 ? null : responseBytes)),
}

/** Seconds; null where one of the two was not seen. */
const between = (from: number, to: number): number | null => (from < 0 || to < 0 ? null : (to - from) / 1e9)
