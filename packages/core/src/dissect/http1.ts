// HTTP/1 where a segment begins with a start line (RFC 9112): the start line, and fields up to the empty line.
import { type Bytes, latin1 } from '../bytes/read.ts'
import { CR, LF, SP } from '../app/http1/grammar.ts'
import { looksLikeStart } from '../app/http1/start-line.ts'
import type { LayerField } from './layer.ts'
import { bytesOf, type Dissected, type Next, Walk } from './walk.ts'

export const beginsMessage = (b: Bytes, at: number, end: number): boolean =>
  end > at && (looksLikeStart('request', b, at, end) || looksLikeStart('response', b, at, end))

export function dissectHttp1(here: Next): Dissected {
  const w = new Walk(here, 'Hypertext Transfer Protocol')
  const b = w.bytes
  const isResponse = looksLikeStart('response', b, w.start, w.end)
  const first = lineEnd(w)
  const summary = shown(b, w.start, first)
  w.field(
    isResponse ? 'Status Line' : 'Request Line',
    first - w.at,
    () => summary,
    (_, at) => startParts(b, at, first, isResponse),
  )
  while (w.left > 0 && !w.isOver) {
    const end = lineEnd(w)
    const from = w.at
    const text = shown(b, from, end)
    if (text === '') {
      w.skip(end - from, 'empty line')
      break
    }
    const colon = text.indexOf(':')
    const name = colon > 0 ? text.slice(0, colon) : 'Line without a colon'
    w.field(name, end - from, () => (colon > 0 ? text.slice(colon + 1).trim() : text))
  }
  if (w.left === 0 && w.end < w.wireEnd) w.note(`${w.cut}: ${bytesOf(w.wireEnd - w.end)} were not captured`)
  return w.done(summary, w.left > 0 ? w.next('data') : null)
}

/** Behind the line's LF, or where the bytes end. */
function lineEnd({ bytes, at, end }: Walk): number {
  const lf = bytes.indexOf(LF, at)
  return lf < 0 || lf >= end ? end : lf + 1
}

/** A line without its end. */
function shown(b: Bytes, from: number, end: number): string {
  let to = end
  if (to > from && b[to - 1] === LF) to--
  if (to > from && b[to - 1] === CR) to--
  return latin1(b, from, to)
}

function startParts(b: Bytes, at: number, end: number, isResponse: boolean): LayerField[] {
  const line = shown(b, at, end)
  const one = line.indexOf(String.fromCharCode(SP))
  const last = isResponse ? line.indexOf(' ', one + 1) : line.lastIndexOf(' ')
  const two = last > one ? last : line.length
  const names = isResponse
    ? ['Response Version', 'Status Code', 'Response Phrase']
    : ['Request Method', 'Request URI', 'Request Version']
  const places = [
    [0, one],
    [one + 1, two],
    [two + 1, line.length],
  ] as const
  return places.flatMap(([from, to], i) =>
    to > from ? [{ name: names[i], value: line.slice(from, to), at: at + from, length: to - from }] : [],
  )
}
