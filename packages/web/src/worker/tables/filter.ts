// Which rows have all words of a filter. Each distinct text is looked at once, not each row.
import {
  connectionAt,
  connectionPlace,
  type ConnectionTable,
  exchangeAt,
  exchangePlace,
  isSealed,
} from '@pcap-surgery/core'
import { COLUMNS } from '../../tables/columns.ts'
import type { TableName } from '../../session/protocol.ts'
import { connectionIn, exchangeIn, exchangesIn, type Leaf, ownerOf, type Shelf } from './shelf.ts'
import { endOf, spokenOn } from './words.ts'

/** A word of a filter: of any text of the row, or of one column where it is written as `column:text`. */
interface Word {
  column: string | null
  text: string
  matches: (text: string) => boolean
}

/** What a row has to have; `incidents` by number of the exchange. 1 for each row that has it. */
export function matching(
  shelf: Shelf,
  table: TableName,
  filter: string,
  incidents: ReadonlyMap<number, string>,
): Uint8Array {
  const all = new Uint8Array(shelf[table]).fill(1)
  for (const word of wordsOf(table, filter)) {
    for (const leaf of shelf.leaves) {
      const found = table === 'connections' ? connectionsWith(leaf, word, true) : exchangesWith(leaf, word, incidents)
      const from = leaf[table]
      for (let local = 0; local < found.length; local++) all[from + local]! &= found[local]!
    }
  }
  return all
}

function wordsOf(table: TableName, filter: string): Word[] {
  return filter
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => {
      const colon = word.indexOf(':')
      const name = word.slice(0, Math.max(0, colon)).toLowerCase()
      const isColumn = colon < word.length - 1 && COLUMNS[table].some(({ id }) => id === name)
      const text = isColumn ? word.slice(colon + 1) : word
      // Case does not matter, and no copy of each text is made to see so.
      const pattern = new RegExp(text.replaceAll(/[^\p{L}\p{N}]/gu, String.raw`\$&`), 'i')
      return { column: isColumn ? name : null, text, matches: (one) => pattern.test(one) }
    })
}

const isOf = ({ column }: Word, id: string): boolean => column === null || column === id

/** By row; `isOwn`: also by what exchanges on it do not show. */
function connectionsWith(leaf: Leaf, word: Word, isOwn: boolean): Uint8Array {
  const { table, capture } = leaf
  const found = new Uint8Array(table.count)
  if (isOf(word, 'capture') && word.matches(capture.observations.parts[0]?.file ?? '')) return found.fill(1)
  const isClient = isOf(word, 'client') ? endpointWith(table, 'client', word) : null
  const isServer = isOf(word, 'server') ? endpointWith(table, 'server', word) : null
  const isWord = isOwn && (isOf(word, 'speaks') || isOf(word, 'ended'))
  const has = once(word.matches)
  for (let row = 0; row < table.count; row++) {
    if (isClient?.(row) === true || isServer?.(row) === true) found[row] = 1
    else if (isWord) {
      const { connection } = connectionIn(leaf, row)
      const isSpoken = isOf(word, 'speaks') && has(spokenOn(connection) ?? '')
      if (isSpoken || (isOf(word, 'ended') && has(endOf(connection)))) found[row] = 1
    }
  }
  return found
}

function exchangesWith(leaf: Leaf, word: Word, incidents: ReadonlyMap<number, string>): Uint8Array {
  const { table } = leaf
  const found = new Uint8Array(exchangesIn(leaf))
  const connections = connectionsWith(leaf, word, false)
  const texts = (['method', 'host', 'target'] as const).filter((id) => isOf(word, id))
  const has = texts.length === 0 ? null : textsWith(table, word.matches)
  for (let local = 0; local < found.length; local++) {
    const isRow = local < table.exchangeCount
    const exchange = isRow ? exchangeAt(table, local) : exchangeIn(leaf, local).exchange
    if (
      connections[ownerOf(leaf, local)] === 1 ||
      (isOf(word, 'status') && isStatus(exchange.status, word.text)) ||
      (!isSealed(exchange) &&
        texts.some((id) => (isRow ? has!(exchangePlace(table, local, id)) : word.matches(exchange[id] ?? ''))))
    )
      found[local] = 1
  }
  if (isOf(word, 'incident'))
    for (const [id, incident] of incidents) if (incident === word.text) found[id - leaf.exchanges] = 1
  return found
}

/** Asks for each of a few texts once. */
function once(matches: (text: string) => boolean): (text: string) => boolean {
  const known = new Map<string, boolean>()
  return (text) => {
    let is = known.get(text)
    if (is === undefined) known.set(text, (is = matches(text)))
    return is
  }
}

/** `504`, or `5xx`. */
const isStatus = (status: number, word: string): boolean =>
  status > 0 && (String(status) === word || (/^\dxx$/i.test(word) && Math.floor(status / 100) === Number(word[0])))

/** Asks each place of a table once. */
function textsWith({ strings }: ConnectionTable, matches: (text: string) => boolean): (place: number) => boolean {
  const known = new Int8Array(strings.length)
  return (place) => {
    if (place < 0) return false
    if (known[place] === 0) known[place] = matches(strings[place]!) ? 1 : -1
    return known[place] === 1
  }
}

/**
 * Endpoints that have the word: in the address; as the port, which is only found whole; or over both, as in `2:443`.
 */
function endpointWith(
  table: ConnectionTable,
  side: 'client' | 'server',
  { text, matches }: Word,
): (row: number) => boolean {
  const [address, number] = [`${side}Address`, `${side}Port`] as const
  const placeOf = (row: number): number => connectionPlace(table, row, address)
  const inAddress = textsWith(table, matches)
  const [, left = null, port = null] = /^(?:(.*):)?(\d{1,5})$/s.exec(text) ?? []
  if (port === null) return (row) => inAddress(placeOf(row))
  const atEnd = left === null ? () => true : textsWith(table, (one) => bracketed(one).endsWith(left))
  return (row) => inAddress(placeOf(row)) || (connectionAt(table, row)[number] === Number(port) && atEnd(placeOf(row)))
}

const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address)
