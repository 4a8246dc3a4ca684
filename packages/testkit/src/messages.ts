// What a scanner of messages tells, in lines that a test can compare. A place is `offset#frame`.
import { type Bytes, text } from './bytes.ts'

interface Place {
  offset: number
  frame: number
  time: number
}

interface Fault {
  at: Place
  part: string
  text: string
}

interface Head {
  kind: 'request' | 'response'
  method: string
  target: string
  status: number
  reason: string
  size: number
  framing: string
  contentLength: number
  incomplete: boolean
  fault: Fault | null
}

interface Scanner {
  push(bytes: Bytes, at: number, end: number, frame: number, time: number): void
  gap(length: number, frame: number, time: number): void
  finish(closed: boolean, frame: number, time: number): void
  expect(method: string): void
}

export interface Witness {
  begin(first: Place): void
  head(head: Head, first: Place, last: Place): number
  end(how: string, last: Place, length: number, missing: number, body: Bytes, fault: Fault | null): void
  note(text: string, at: Place): void
}

/** Bytes or text of one frame; a hole in the stream, in bytes; the sender's FIN; the capture's end. */
export type Step = string | Bytes | number | 'FIN' | 'END'

const place = (p: Place) => `${p.offset}#${p.frame}`
const broken = (fault: Fault | null) => (fault === null ? '' : ` ! ${fault.part} ${place(fault.at)} ${fault.text}`)
const latin1 = (b: Bytes) => Array.from(b, (c) => String.fromCharCode(c)).join('')

/** Writes down what a scanner tells, one line an event; of bodies it asks for `keep` bytes. */
export function witness(keep = 8): { lines: string[]; sink: Witness } {
  const lines: string[] = []
  const sink: Witness = {
    begin: (first) => void lines.push(`begin ${place(first)}`),
    head(head, first, last) {
      const line = head.kind === 'request' ? `${head.method} ${head.target}` : `${head.status} ${head.reason}`
      const length = head.contentLength < 0 ? '' : ` ${head.contentLength}`
      const cut = head.incomplete ? ' incomplete' : ''
      const words = `${line.trim()} (${head.size}) ${head.framing}${length}${cut}`
      lines.push(`head ${place(first)} ${place(last)} ${words}${broken(head.fault)}`)
      return keep
    },
    end(how, last, length, missing, body, fault) {
      const holes = missing > 0 ? ` missing ${missing}` : ''
      const kept = body.length > 0 ? ` "${latin1(body)}"` : ''
      lines.push(`end ${place(last)} ${how} ${length}${holes}${kept}${broken(fault)}`)
    },
    note: (said, at) => void lines.push(`note ${place(at)} ${said}`),
  }
  return { lines, sink }
}

/** Frames are counted from 1, and so is the time; every step is one. */
export function play(scanner: Scanner, steps: Step[]): void {
  steps.forEach((step, i) => {
    if (step === 'FIN' || step === 'END') scanner.finish(step === 'FIN', i + 1, i + 1)
    else if (typeof step === 'number') scanner.gap(step, i + 1, i + 1)
    else {
      const bytes = typeof step === 'string' ? text(step) : step
      scanner.push(bytes, 0, bytes.length, i + 1, i + 1)
    }
  })
}

/** What the scanner that `create` makes tells of the steps, after it was told of requests with the methods `asked`. */
export function told(create: (sink: Witness) => Scanner, steps: Step[], asked: string[] = []): string[] {
  const { lines, sink } = witness()
  const scanner = create(sink)
  for (const method of asked) scanner.expect(method)
  play(scanner, steps)
  return lines
}
