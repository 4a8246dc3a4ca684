// The columns of the tables, in their order: what the worker fills in and the page draws. What several captures saw has a
// row of each, so the capture stays longer than what a row says besides.
import type { TableName } from '../session/protocol.ts'

/** How a cell is shown and sorted. `time`: RFC 3339; `seconds`, `bytes` and `count`: numbers. */
export type ColumnKind = 'text' | 'code' | 'endpoint' | 'time' | 'seconds' | 'bytes' | 'count' | 'status' | 'incident'

export interface Column<Id extends string = string> {
  id: Id
  label: string
  /** Where the label is short: said in full. */
  means?: string
  kind: ColumnKind
  /** Width in characters of a digit; those that `grow` share what is left. */
  width: number
  grow?: boolean
  /** Columns of a high number go first where there is little room; those of 0 stay. */
  yields: number
}

export const CONNECTION_COLUMNS = [
  { id: 'start', label: 'Start', kind: 'time', width: 15, yields: 2 },
  { id: 'client', label: 'Client', kind: 'endpoint', width: 16, grow: true, yields: 0 },
  { id: 'server', label: 'Server', kind: 'endpoint', width: 16, grow: true, yields: 0 },
  { id: 'speaks', label: 'Speaks', kind: 'text', width: 13, yields: 6 },
  { id: 'exchanges', label: 'Exchanges', kind: 'count', width: 10, yields: 5 },
  {
    id: 'duration',
    label: 'Duration, s',
    means: 'Seconds from the first packet to the last',
    kind: 'seconds',
    width: 10,
    yields: 3,
  },
  { id: 'sent', label: 'Bytes →', means: 'Bytes from client to server', kind: 'bytes', width: 10, yields: 5 },
  { id: 'received', label: 'Bytes ←', means: 'Bytes from server to client', kind: 'bytes', width: 10, yields: 5 },
  { id: 'segments', label: 'Segments', kind: 'count', width: 10, yields: 7 },
  {
    id: 'retransmissions',
    label: 'Retrans.',
    means: 'Retransmitted segments, both ways',
    kind: 'count',
    width: 9,
    yields: 3,
  },
  { id: 'ended', label: 'Ended', means: 'How it ended, and by whom', kind: 'text', width: 13, yields: 1 },
  { id: 'capture', label: 'Capture', kind: 'text', width: 16, yields: 4 },
] as const satisfies readonly Column[]

export const EXCHANGE_COLUMNS = [
  { id: 'start', label: 'Start', kind: 'time', width: 15, yields: 2 },
  { id: 'method', label: 'Method', kind: 'code', width: 8, yields: 1 },
  { id: 'host', label: 'Host', kind: 'code', width: 16, grow: true, yields: 6 },
  { id: 'target', label: 'Target', kind: 'code', width: 24, grow: true, yields: 0 },
  { id: 'status', label: 'Status', kind: 'status', width: 8, yields: 0 },
  {
    id: 'wait',
    label: 'Wait, s',
    means: 'Seconds from the first byte of the request to the first byte of the response',
    kind: 'seconds',
    width: 10,
    yields: 1,
  },
  {
    id: 'duration',
    label: 'Duration, s',
    means: 'Seconds from the first byte of the request to the last of the response',
    kind: 'seconds',
    width: 10,
    yields: 7,
  },
  { id: 'bytes', label: 'Bytes', means: 'Bytes of the response body', kind: 'bytes', width: 10, yields: 5 },
  { id: 'client', label: 'Client', kind: 'endpoint', width: 21, yields: 3 },
  { id: 'server', label: 'Server', kind: 'endpoint', width: 21, yields: 3 },
  { id: 'incident', label: 'Incident', kind: 'incident', width: 9, yields: 1 },
  { id: 'capture', label: 'Capture', kind: 'text', width: 16, yields: 4 },
] as const satisfies readonly Column[]

export type ConnectionColumn = (typeof CONNECTION_COLUMNS)[number]['id']
export type ExchangeColumn = (typeof EXCHANGE_COLUMNS)[number]['id']

export const COLUMNS: Record<TableName, readonly Column[]> = {
  connections: CONNECTION_COLUMNS,
  exchanges: EXCHANGE_COLUMNS,
}
