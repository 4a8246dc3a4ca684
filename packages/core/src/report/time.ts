// Story times as the document prints them: RFC 3339 in UTC with nanoseconds.
import type { Observations } from '../observe/observations.ts'
import { addedAt } from '../observe/steady-time.ts'

/** `nanoseconds` after `epoch` (whole seconds since 1970 UTC). */
export function timestamp(epoch: number, nanoseconds: number): string {
  // A clock that was moved leaves fractions, and the last one must not make a second of ten digits.
  const rounded = Math.round(nanoseconds)
  const whole = Math.floor(rounded / 1e9)
  const rest = rounded - whole * 1e9
  const date = new Date((epoch + whole) * 1000)
  // Times beyond what a date can hold come from damaged captures; so do years of more than four digits, which stay.
  if (Number.isNaN(date.getTime())) return '1970-01-01T00:00:00.000000000Z'
  return `${date.toISOString().slice(0, -5).replace('+', '')}.${String(rest).padStart(9, '0')}Z`
}

/** A time of a capture as its frames say it: also where its clock was set back. */
export const ownTimestamp = ({ epoch, setBacks }: Observations, time: number): string =>
  timestamp(epoch, time - addedAt(setBacks, time))
