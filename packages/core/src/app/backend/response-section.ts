// The header section of a CGI response (RFC 3875 section 6): like HTTP's, with a Status field instead of a status line.
import { type Bytes, latin1, latin1Bytes } from '../../bytes/read.ts'
import { append } from '../http1/excerpt.ts'
import { COLON, CR, isBlank, isWord, LF, startsWith } from '../http1/grammar.ts'
import { HEAD_KEPT, HEAD_LIMIT, readHead } from '../http1/head.ts'
import type { Head, Place } from '../http1/message.ts'

const NO_BYTES: Bytes = new Uint8Array(0)
const NAMELESS = 'HTTP/1.1 '

/** Gathers a header section that comes in pieces, up to its empty line. */
export class ResponseSection {
  /** Length in bytes so far, the empty line included; what is behind the first 64 KiB is only counted. */
  size = 0
  isComplete = false
  #bytes: Bytes = NO_BYTES
  #line: 'empty' | 'cr' | 'text' = 'empty'
  /** Where pieces of the section begin, in the section and in the stream. */
  #pieces: { at: number; place: Place }[] = []

  /** What is kept. */
  get bytes(): Bytes {
    return this.#bytes.subarray(0, Math.min(this.size, HEAD_KEPT))
  }

  /** Longer than anyone reads. */
  get isTooLong(): boolean {
    return this.size >= HEAD_LIMIT && !this.isComplete
  }

  /** Takes `b[from..end)` up to the empty line; answers the offset behind what it took. `place` is that of `from`. */
  add(b: Bytes, from: number, end: number, place: Place): number {
    const stop = Math.min(end, from + HEAD_LIMIT - this.size)
    let p = from
    while (p < stop && !this.isComplete) {
      const c = b[p++]!
      if (c === LF) {
        this.isComplete = this.#line !== 'text'
        this.#line = 'empty'
      } else this.#line = c === CR && this.#line === 'empty' ? 'cr' : 'text'
    }
    if (this.size < HEAD_KEPT) {
      this.#notePiece(place)
      this.#bytes = append(this.#bytes, this.size, b, from, Math.min(p, from + HEAD_KEPT - this.size))
    }
    this.size += p - from
    return p
  }

  /**
   * The head as HTTP/1 would have it. An application that writes a status line of its own is believed. `cut`: the end
   * of the section is not there; `asked`: the method of the request.
   */
  read(cut: boolean, asked: string): Head {
    const section = this.bytes
    const isCut = cut || section.length < this.size
    const own = startsWith(section, 0, section.length, 'HTTP/')
    const status = own ? { line: '', at: 0 } : statusLine(section, isCut)
    const line = latin1Bytes(status.line)
    const b = append(line, line.length, section, 0, status.line === NAMELESS ? 0 : section.length)
    const length = line.length + (status.line === NAMELESS ? 0 : section.length)
    const placeInHead = (at: number) => this.#place(at < line.length ? status.at : at - line.length)
    const head: Head = readHead('response', b, 0, length, isCut, asked, { placeInHead })
    head.size = this.size
    return head
  }

  #notePiece(place: Place): void {
    const last = this.#pieces.at(-1)
    const follows = last !== undefined && last.place.offset + this.size - last.at === place.offset
    if (!follows || last.place.frame !== place.frame) this.#pieces.push({ at: this.size, place })
  }

  #place(at: number): Place {
    let i = this.#pieces.length - 1
    while (i > 0 && this.#pieces[i]!.at > at) i--
    const piece = this.#pieces[i]
    if (piece === undefined) return { offset: 0, frame: -1, time: -1 }
    return { ...piece.place, offset: piece.place.offset + at - piece.at }
  }
}

/**
 * The status line that the fields stand for, and where in the section that is said. Without Status it is 200, or 302
 * with Location (RFC 3875 sections 6.2.4 and 6.3.3). Of a section that is cut, the same is said as soon as one field is
 * whole: applications write Status first. A section cut before that has no status.
 */
function statusLine(section: Bytes, cut: boolean): { line: string; at: number } {
  let location = false
  let whole = 0
  for (let at = 0; at < section.length;) {
    const newline = section.indexOf(LF, at)
    if (newline < 0) break
    let colon = at
    while (colon < newline && section[colon] !== COLON) colon++
    if (isWord(section, at, colon, 'status'))
      return { line: `HTTP/1.1 ${trimmed(section, colon + 1, newline)}\r\n`, at }
    if (isWord(section, at, colon, 'location')) location = true
    whole++
    at = newline + 1
  }
  if (cut && whole === 0) return { line: NAMELESS, at: 0 }
  return { line: location ? 'HTTP/1.1 302 Found\r\n' : 'HTTP/1.1 200 OK\r\n', at: 0 }
}

function trimmed(b: Bytes, from: number, to: number): string {
  let [start, end] = [from, to]
  while (start < end && isBlank(b[start]!)) start++
  while (end > start && isBlank(b[end - 1]!)) end--
  return latin1(b, start, end)
}
