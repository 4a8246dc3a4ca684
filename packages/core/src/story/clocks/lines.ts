// What bounds on the offset of two clocks leave possible. Clocks of computers run evenly, but not alike: the offset is a
// line, o + r (t - origin). Each bound at a time is a half plane of (o, r), so what is left is a convex polygon
// (Zhang, Liu and Xia, 2002, find its best corner; we keep all of it, to say how far the truth may be from it).

/** No oscillator that somebody built into a computer is further off, nor does NTP slew faster (RFC 5905, section 12). */
export const MOST_RATE = 500e-6

/** The lines that are possible: corners of the polygon, in order. Nanoseconds; rates are seconds a second. */
export interface Lines {
  origin: number
  offsets: readonly number[]
  rates: readonly number[]
}

export interface Range {
  low: number
  high: number
}

/** Every line that lies between two offsets at `origin`. */
export const everyLine = (origin: number, low: number, high: number): Lines => ({
  origin,
  offsets: [low, high, high, low],
  rates: [-MOST_RATE, -MOST_RATE, MOST_RATE, MOST_RATE],
})

/** The lines that are at `most` so high at a time; null when there is none. The same lines where the bound says nothing new. */
export const atMost = (lines: Lines, time: number, most: number): Lines | null => clip(lines, time, most, 1)

/** The lines that are at `least` so high at a time. */
export const atLeast = (lines: Lines, time: number, least: number): Lines | null => clip(lines, time, least, -1)

function clip(lines: Lines, time: number, bound: number, sign: 1 | -1): Lines | null {
  const { origin, offsets, rates } = lines
  const t = time - origin
  const { length } = offsets
  let outside = 0
  for (let i = 0; i < length; i++) if (sign * (offsets[i] + rates[i] * t - bound) > 0) outside++
  if (outside === 0) return lines
  if (outside === length) return null
  const left = { origin, offsets: [] as number[], rates: [] as number[] }
  for (let i = 0; i < length; i++) {
    const j = i + 1 === length ? 0 : i + 1
    const here = sign * (offsets[i] + rates[i] * t - bound)
    const there = sign * (offsets[j] + rates[j] * t - bound)
    if (here <= 0) {
      left.offsets.push(offsets[i])
      left.rates.push(rates[i])
    }
    if (here > 0 !== there > 0 && here !== 0 && there !== 0) {
      const share = here / (here - there)
      left.offsets.push(offsets[i] + share * (offsets[j] - offsets[i]))
      left.rates.push(rates[i] + share * (rates[j] - rates[i]))
    }
  }
  return left
}

/** Between which offsets the lines are at a time. */
export function rangeAt({ origin, offsets, rates }: Lines, time: number): Range {
  let low = Infinity
  let high = -Infinity
  for (let i = 0; i < offsets.length; i++) {
    const at = offsets[i] + rates[i] * (time - origin)
    low = Math.min(low, at)
    high = Math.max(high, at)
  }
  return { low, high }
}

export const ratesOf = ({ rates }: Lines): Range => ({ low: Math.min(...rates), high: Math.max(...rates) })

/** Offsets at the origin of the lines with one rate; null when no line has it. */
export function withRate({ offsets, rates }: Lines, rate: number): Range | null {
  let low = Infinity
  let high = -Infinity
  for (let i = 0; i < offsets.length; i++) {
    const j = i + 1 === offsets.length ? 0 : i + 1
    const here = rates[i] - rate
    const there = rates[j] - rate
    if (here > 0 === there > 0 && here !== 0 && there !== 0) continue
    const at = here === there ? offsets[i] : offsets[i] + (here / (here - there)) * (offsets[j] - offsets[i])
    low = Math.min(low, at)
    high = Math.max(high, at)
  }
  return low > high ? null : { low, high }
}

/** The rate that is taken: none, where the clocks may run alike, else the middle of what is possible. */
export function likelyRate(lines: Lines): number {
  const { low, high } = ratesOf(lines)
  return low <= 0 && high >= 0 ? 0 : (low + high) / 2
}
