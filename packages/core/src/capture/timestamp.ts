// pcapng time: a 64-bit count of units since 1970, with unit and offset stated per interface
// (draft-ietf-opsawg-pcapng, if_tsresol and if_tsoffset). All arithmetic is on integers below 2^53: exact, no BigInt.
import type { Instant } from './packet.ts'

/** How an interface tells time, worked out once. */
export interface Clock {
  /** A unit is 2^-exponent s, or 10^-exponent s. */
  binary: boolean
  exponent: number
  /** Units a second; used where exponent is at most 9 and not binary. */
  unitsASecond: number
  /** Nanoseconds a unit; the same. */
  unit: number
  /** Whole seconds to add; may be negative. */
  offset: number
}

const WORD = 4_294_967_296
const MICROSECONDS = 6
const BILLION = 1_000_000_000

/** A clock out of the value of if_tsresol (the highest bit says binary; 6 when there is no such option). */
export function clock(resolution: number = MICROSECONDS, offset: number = 0): Clock {
  const exponent = resolution & 0x7f
  const decimal = Math.min(exponent, 9)
  return { binary: resolution >= 0x80, exponent, unitsASecond: 10 ** decimal, unit: 10 ** (9 - decimal), offset }
}

/** Sets the packet's time to `high * 2^32 + low` units. What is finer than a nanosecond is cut off. */
export function setTime(
  packet: Instant,
  { binary, exponent, unitsASecond, unit, offset }: Clock,
  high: number,
  low: number,
): void {
  // Below 2^32 seconds, until the year 2106, one division will do.
  if (!binary && exponent <= 9 && high < unitsASecond) {
    // The count is rounded, and so is the quotient: it may be one too high or too low. The rest, which is above -10^9 and
    // below 2 * 10^9, is what its lowest 32 bits say.
    let seconds = Math.floor((high * WORD + low) / unitsASecond)
    let rest = (low - Math.imul(seconds, unitsASecond)) | 0
    if (rest < 0) {
      seconds--
      rest += unitsASecond
    } else if (rest >= unitsASecond) {
      seconds++
      rest -= unitsASecond
    }
    packet.seconds = seconds + offset
    packet.nanoseconds = rest * unit
  } else if (binary) setBinary(packet, exponent, offset, high, low)
  else setDecimal(packet, exponent, offset, high, low)
}

/** Quotient and rest of a 64-bit number; shared, because nothing is allocated for a packet. */
const quotient = { high: 0, low: 0, rest: 0 }

/** Divides by a whole number below 2^36, sixteen bits at a time: no step leaves the exact range. */
function divide(high: number, low: number, by: number): void {
  const top = high % by
  const upper = top * 65_536 + (low >>> 16)
  const lower = (upper % by) * 65_536 + (low & 0xffff)
  quotient.rest = lower % by
  quotient.high = (high - top) / by
  quotient.low = ((upper - (upper % by)) / by) * 65_536 + (lower - quotient.rest) / by
}

function setDecimal(packet: Instant, exponent: number, offset: number, high: number, low: number): void {
  quotient.high = high
  quotient.low = low
  let places = exponent
  // Finer than nanoseconds: drop decimal places first. 2^64 has twenty.
  for (let drop = Math.min(places - 9, 20); drop > 0; drop -= 10) {
    divide(quotient.high, quotient.low, 10 ** Math.min(drop, 10))
    places = 9
  }
  divide(quotient.high, quotient.low, 10 ** places)
  packet.seconds = quotient.high * WORD + quotient.low + offset
  packet.nanoseconds = quotient.rest * 10 ** (9 - places)
}

function setBinary(packet: Instant, exponent: number, offset: number, high: number, low: number): void {
  const seconds =
    exponent < 32
      ? high * 2 ** (32 - exponent) + Math.floor(low / 2 ** exponent)
      : Math.floor(high / 2 ** (exponent - 32))
  // The bits below the binary point.
  const fractionHigh = exponent <= 32 ? 0 : exponent >= 64 ? high : high % 2 ** (exponent - 32)
  const fractionLow = exponent >= 32 ? low : low % 2 ** exponent
  // fraction * 10^9, sixteen bits at a time; each sum holds all bits above the places already left behind.
  const a = (fractionLow & 0xffff) * BILLION
  const b = (fractionLow >>> 16) * BILLION + Math.floor(a / 65_536)
  const c = (fractionHigh & 0xffff) * BILLION + Math.floor(b / 65_536)
  const d = (fractionHigh >>> 16) * BILLION + Math.floor(c / 65_536)
  const kept = exponent < 16 ? a : exponent < 32 ? b : exponent < 48 ? c : d
  packet.seconds = seconds + offset
  packet.nanoseconds = Math.floor(kept / 2 ** (exponent - Math.min(exponent & ~15, 48)))
}
