// What rows are sorted by: a number each. Texts and addresses are numbered by their order among themselves, each distinct
// one looked at once.
import { connectionAt, connectionPlace, type ConnectionTable, exchangePlace, parseAddress } from '@pcap-surgery/core'
import type { TableName } from '../../session/protocol.ts'
import { CONNECTIONS, EXCHANGES, type Reader } from './readers.ts'
import { connectionIn, exchangeIn, exchangesIn, type Leaf, ownerOf, type Shelf } from './shelf.ts'

/** Keys by number of the row; NaN where a row has none. Null for a column that the table does not have. */
export function keysOf(shelf: Shelf, table: TableName, column: string): Float64Array | null {
  const readers: { readonly [id: string]: Reader<any> } = table === 'connections' ? CONNECTIONS : EXCHANGES
  const reader = Object.hasOwn(readers, column) ? readers[column]! : null
  if (reader === null) return null
  const keys = new Float64Array(shelf[table]).fill(NaN)
  if (reader.by === 'endpoint') putEndpoints(shelf, table, column === 'client', keys)
  else if (reader.by === 'text') putTexts(shelf, table, column, reader, keys)
  else {
    const key = reader.key ?? reader.cell
    for (const leaf of shelf.leaves)
      for (let local = 0; local < rowsIn(leaf, table); local++)
        keys[leaf[table] + local] = (key(rowIn(leaf, table, local), leaf.capture) as number | null) ?? NaN
  }
  return keys
}

export const rowsIn = (leaf: Leaf, table: TableName): number =>
  table === 'connections' ? leaf.table.count : exchangesIn(leaf)

export const rowIn = (leaf: Leaf, table: TableName, local: number): ReturnType<typeof connectionIn> =>
  table === 'connections' ? connectionIn(leaf, local) : exchangeIn(leaf, local)

/** Columns whose texts have places in the table. */
const PLACED: ReadonlySet<string> = new Set(['method', 'host', 'target'])

function putTexts(shelf: Shelf, table: TableName, column: string, { cell }: Reader<any>, keys: Float64Array): void {
  const texts = new Map<string, number>()
  // Numbered as they come, then by their order: a row is read once.
  const put = (at: number, text: string | null): void => {
    if (text === null) return
    let number = texts.get(text)
    if (number === undefined) texts.set(text, (number = texts.size))
    keys[at] = number
  }
  for (const leaf of shelf.leaves) {
    const { strings, exchangeCount } = leaf.table
    const isPlaced = table === 'exchanges' && PLACED.has(column)
    const known = isPlaced ? new Float64Array(strings.length).fill(-1) : null
    for (let local = 0; local < rowsIn(leaf, table); local++) {
      const at = leaf[table] + local
      const place =
        known === null || local >= exchangeCount
          ? -1
          : exchangePlace(leaf.table, local, column as 'method' | 'host' | 'target')
      if (place >= 0 && known![place]! >= 0) keys[at] = known![place]!
      else {
        put(at, cell(rowIn(leaf, table, local), leaf.capture) as string | null)
        if (place >= 0) known![place] = keys[at]!
      }
    }
  }
  const ranks = new Float64Array(texts.size)
  for (const [rank, text] of [...texts.keys()].toSorted().entries()) ranks[texts.get(text)!] = rank
  for (let i = 0; i < keys.length; i++) keys[i] = ranks[keys[i]!] ?? NaN
}

const PORTS = 65_536

/** By address, as numbers and not as texts, and then by port. */
function putEndpoints({ leaves }: Shelf, table: TableName, isClient: boolean, keys: Float64Array): void {
  const placeOf = (one: ConnectionTable, row: number): number =>
    connectionPlace(one, row, isClient ? 'clientAddress' : 'serverAddress')
  const addresses = new Set<string>()
  for (const { table: one } of leaves)
    for (let row = 0; row < one.count; row++) addresses.add(one.strings[placeOf(one, row)]!)
  const sorted = [...addresses].map((address) => ({ address, key: sortable(address) }))
  sorted.sort((a, b) => (a.key < b.key ? -1 : 1))
  const ranks = new Map(sorted.map(({ address }, rank) => [address, rank]))
  for (const leaf of leaves) {
    const one = leaf.table
    const own = Float64Array.from({ length: one.count }, (_, row) => {
      const { clientPort, serverPort } = connectionAt(one, row)
      return ranks.get(one.strings[placeOf(one, row)]!)! * PORTS + (isClient ? clientPort : serverPort)
    })
    if (table === 'connections') keys.set(own, leaf.connections)
    else
      for (let local = 0; local < exchangesIn(leaf); local++) keys[leaf.exchanges + local] = own[ownerOf(leaf, local)]!
  }
}

/** IPv4 before IPv6, each by its bytes. */
function sortable(address: string): string {
  const bytes = parseAddress(address)
  return bytes === null ? address : `${bytes.length === 4 ? 4 : 6}${Array.from(bytes, hex).join('')}`
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0')
