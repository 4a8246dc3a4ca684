// Numbers as a person reads them.
import { words } from '@pcap-surgery/core'

/** `58 µs`, `11.2 ms`, `2.97 s`, `3 min 20 s`: three digits, in the unit that fits. */
export function duration(seconds: number): string {
  const size = Math.abs(seconds)
  if (!Number.isFinite(seconds)) return 'an unknown time'
  if (size < 0.000_999_5) return `${Math.round(seconds * 1e6)} µs`
  if (size < 0.999_5) return `${(seconds * 1e3).toPrecision(3)} ms`
  if (size < 120) return `${seconds.toPrecision(size < 9.995 ? 3 : size < 99.95 ? 4 : 5)} s`
  const whole = Math.round(size)
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60]
  return `${seconds < 0 ? '−' : ''}${hours > 0 ? `${hours} h ` : ''}${minutes} min ${rest} s`
}

/** Seconds after the request, to the microsecond: `+0.011137 s`, `−0.000319 s`. */
export const offset = (seconds: number): string => `${seconds < 0 ? '−' : '+'}${Math.abs(seconds).toFixed(6)} s`

/** `2026-11-22 08:58:00.008961 UTC`, to the microsecond. */
export const moment = (time: string): string => time.replace('T', ' ').replace(/(\.\d{1,6})\d*Z$/, '$1 UTC')

export const { plural } = words
