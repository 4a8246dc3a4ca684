// Orders of a million rows: their sort keys are numbers in a column, and a radix sort by 16 bits at a time needs four
// passes over them, whatever they are.

const DIGIT = 0xffff

/**
 * The rows of `order` by their keys; equal ones stay as they stand. Rows without a key (NaN) come last either way.
 */
export function sortedBy(keys: Float64Array, order: Uint32Array, descending: boolean): Uint32Array {
  const words = sortable(keys, descending)
  let from: Uint32Array = order
  let to: Uint32Array = new Uint32Array(order.length)
  const places = new Uint32Array(DIGIT + 1)
  for (const [word, shift] of [
    [0, 0],
    [0, 16],
    [1, 0],
    [1, 16],
  ] as const) {
    places.fill(0)
    for (const row of from) places[(words[2 * row + word]! >>> shift) & DIGIT]!++
    // Whole numbers have nothing in the lowest digits.
    if (places.includes(from.length)) continue
    let sum = 0
    for (let digit = 0; digit <= DIGIT; digit++) {
      const count = places[digit]!
      places[digit] = sum
      sum += count
    }
    for (const row of from) to[places[(words[2 * row + word]! >>> shift) & DIGIT]!++] = row
    ;[from, to] = [to, from === order ? new Uint32Array(order.length) : from]
  }
  return from
}

/** Doubles as two words each, low and high, which are ordered as the numbers are: IEEE 754 with its signs turned. */
function sortable(keys: Float64Array, descending: boolean): Uint32Array {
  const words = new Uint32Array(keys.slice().buffer)
  const turn = descending ? 0xffffffff : 0
  for (let i = 0; i < keys.length; i++) {
    if (Number.isNaN(keys[i])) {
      words[2 * i] = words[2 * i + 1] = 0xffffffff
      continue
    }
    const high = words[2 * i + 1]!
    const sign = high >>> 31 === 1 ? 0xffffffff : 0
    words[2 * i] = words[2 * i]! ^ sign ^ turn
    words[2 * i + 1] = high ^ (sign === 0 ? 0x80000000 : sign) ^ turn
  }
  return words
}

/** Place of each text among the others, in the order of their characters. */
export function ranksOf(texts: Set<string>): Map<string, number> {
  return new Map([...texts].toSorted().map((text, rank) => [text, rank]))
}
