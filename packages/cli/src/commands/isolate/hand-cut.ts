// What the options of a cut by hand say: connections, times, frames, a filter.
import { type Filter, type FrameRange, type Instant, parseFilter } from '@pcap-surgery/core'
import { InvalidArgumentError } from 'commander'

export interface FrameOption {
  /** Null: of every capture. */
  file: string | null
  ranges: FrameRange[]
}

export interface ConnectionOption {
  a: string
  b: string | null
}

export interface TimeOption {
  from: Instant | null
  to: Instant | null
}

const ENDPOINT = /^(?:[^\s:[\]]+|\[[^\s[\]]+\]):\d{1,5}$/

/** `10.1.0.2:41234-10.1.0.1:80`, or one end alone; IPv6 addresses in brackets. */
export function connectionOption(value: string): ConnectionOption {
  const cut = value.search(/(?<=:\d{1,5})-/)
  const ends = cut < 0 ? [value] : [value.slice(0, cut), value.slice(cut + 1)]
  if (!ends.every((end) => ENDPOINT.test(end))) {
    throw new InvalidArgumentError('Expected ADDRESS:PORT-ADDRESS:PORT or ADDRESS:PORT, IPv6 as [2001:db8::2]:80.')
  }
  return { a: ends[0], b: ends[1] ?? null }
}

/** `[CAPTURE=]1-10,15`. */
export function frameOption(value: string): FrameOption {
  const cut = value.lastIndexOf('=')
  const ranges = value
    .slice(cut + 1)
    .split(',')
    .map((part): FrameRange => {
      const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? []
      if (from === undefined || Number(from) < 1 || Number(to) < Number(from)) {
        throw new InvalidArgumentError('Expected frame numbers as in 1-10,15, or CAPTURE=1-10,15.')
      }
      return { from: Number(from), to: Number(to) }
    })
  return { file: cut < 0 ? null : value.slice(0, cut), ranges }
}

/** `FROM..TO`; each RFC 3339 or seconds since 1970, one may be left out. */
export function timeOption(value: string): TimeOption {
  const [from, to, ...more] = value.split('..')
  if (to === undefined || more.length > 0 || (from === '' && to === '')) {
    throw new InvalidArgumentError('Expected FROM..TO, FROM.. or ..TO.')
  }
  return { from: from === '' ? null : instantOption(from), to: to === '' ? null : instantOption(to) }
}

export function filterOption(value: string): Filter {
  const parsed = parseFilter(value)
  if (parsed.is === 'malformed') throw new InvalidArgumentError(`At character ${parsed.at + 1}: ${parsed.text}.`)
  return parsed.filter
}

/** `headers`, or bytes a packet. */
export function snapOption(value: string): number | 'headers' {
  if (value === 'headers') return value
  if (!/^[1-9]\d{0,6}$/.test(value)) throw new InvalidArgumentError('Expected ‘headers’ or a number of bytes.')
  return Number(value)
}

export function padOption(value: string): number {
  if (!/^\d+(?:\.\d+)?$/.test(value)) throw new InvalidArgumentError('Expected seconds.')
  return Number(value)
}

/** With all digits of the fraction: a double holds seconds since 1970 only to 200 nanoseconds. */
export function instantOption(text: string): Instant {
  const [, whole, fraction = ''] = /^(.*?)(?:\.(\d{1,9}))?(?=Z|[+-]\d\d:\d\d$|$)/i.exec(text) ?? []
  const zone = text.slice((whole ?? '').length + (fraction === '' ? 0 : fraction.length + 1))
  const isCount = /^\d+$/.test(whole ?? '') && zone === ''
  const isDate = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d$/.test(whole ?? '') && zone !== ''
  const seconds = isCount ? Number(whole) : isDate ? Date.parse(`${whole!.replace(' ', 'T')}${zone}`) / 1000 : NaN
  if (Number.isNaN(seconds)) {
    throw new InvalidArgumentError(`‘${text}’ is no time; 2026-11-22T08:57:21.5Z or seconds since 1970 is.`)
  }
  return { seconds, nanoseconds: Number(fraction.padEnd(9, '0')) }
}
