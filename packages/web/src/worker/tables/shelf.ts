// Rows by number: the connections, and the exchanges, of all captures counted through, while they stay in the columns of
// their tables. An object is made of those that somebody looks at.
import {
  type Connection,
  connectionAt,
  type ConnectionTable,
  type Exchange,
  exchangeAt,
  exchangeRowsOf,
  type StoryCapture,
  troubledOf,
} from '@pcap-surgery/core'

export type TableCapture = Pick<StoryCapture, 'observations' | 'pieces' | 'ids'>

export interface ConnectionRef {
  capture: TableCapture
  connection: Connection
}

export interface ExchangeRef extends ConnectionRef {
  exchange: Exchange
}

/** One table of a capture, and where its rows begin in the count. */
export interface Leaf {
  index: number
  capture: TableCapture
  table: ConnectionTable
  connections: number
  exchanges: number
  /** Exchanges that are no rows of the table; they follow those that are. */
  troubled: { row: number; exchange: Exchange }[]
  /** Row of the connection by row of the exchange. */
  owners: Int32Array
}

export interface Shelf {
  leaves: Leaf[]
  connections: number
  exchanges: number
}

export function shelve(captures: readonly TableCapture[]): Shelf {
  const shelf: Shelf = { leaves: [], connections: 0, exchanges: 0 }
  captures.forEach((capture, index) => {
    for (const table of capture.observations.connections) {
      const troubled = troubledOf(table)
      const { connections, exchanges } = shelf
      shelf.leaves.push({ index, capture, table, connections, exchanges, troubled, owners: ownersOf(table) })
      shelf.connections += table.count
      shelf.exchanges += table.exchangeCount + troubled.length
    }
  })
  return shelf
}

function ownersOf(table: ConnectionTable): Int32Array {
  const owners = new Int32Array(table.exchangeCount)
  for (let row = 0; row < table.count; row++) {
    const [from, to] = exchangeRowsOf(table, row)
    owners.fill(row, from, to)
  }
  return owners
}

export const exchangesIn = ({ table, troubled }: Leaf): number => table.exchangeCount + troubled.length

/** Row of the connection that an exchange of the leaf is on. */
export const ownerOf = ({ table, troubled, owners }: Leaf, local: number): number =>
  local < table.exchangeCount ? owners[local]! : troubled[local - table.exchangeCount]!.row

export function connectionIn({ capture, table }: Leaf, row: number): ConnectionRef {
  return { capture, connection: connectionAt(table, row) }
}

export function exchangeIn(leaf: Leaf, local: number): ExchangeRef {
  const { capture, table, troubled } = leaf
  const connection = connectionAt(table, ownerOf(leaf, local))
  const isRow = local < table.exchangeCount
  return {
    capture,
    connection,
    exchange: isRow ? exchangeAt(table, local) : troubled[local - table.exchangeCount]!.exchange,
  }
}

/** The leaf that a row by its number is in. */
export function leafOf({ leaves }: Shelf, counted: 'connections' | 'exchanges', id: number): Leaf {
  let [low, high] = [0, leaves.length - 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (leaves[middle]![counted] <= id) low = middle
    else high = middle - 1
  }
  return leaves[low]!
}
