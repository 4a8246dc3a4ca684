import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { MessageScanner, MessageSink, Place } from './message.ts'
import { createRequestScanner, createResponseScanner } from './scanner.ts'

/** A hole in the stream, in bytes; the sender's FIN; the capture's end. */
type Step = string | number | 'FIN' | 'END'

const bytes = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0))
const text = (b: Uint8Array) => String.fromCharCode(...b)
const place = (p: Place) => `${p.offset}#${p.frame}`

/** Writes down what a scanner tells, one line an event. A place is `offset#frame`. */
function witness(keep = 0): { lines: string[]; sink: MessageSink } {
  const lines: string[] = []
  const sink: MessageSink = {
    begin: (first) => lines.push(`begin ${place(first)}`),
    head(head, first, last) {
      const line = head.kind === 'request' ? `${head.method} ${head.target}` : `${head.status} ${head.reason}`
      const length = head.contentLength < 0 ? '' : ` ${head.contentLength}`
      const cut = head.incomplete ? ' incomplete' : ''
      const fault = head.fault ? ` ! ${head.fault.part} ${place(head.fault.at)} ${head.fault.text}` : ''
      lines.push(`head ${place(first)} ${place(last)} ${line.trim()} | ${head.framing}${length}${cut}${fault}`)
      return keep
    },
    end(how, last, length, missing, body, fault) {
      const holes = missing > 0 ? ` missing ${missing}` : ''
      const kept = body.length > 0 ? ` "${text(body)}"` : ''
      const why = fault ? ` ! ${fault.part} ${place(fault.at)} ${fault.text}` : ''
      lines.push(`end ${place(last)} ${how} ${length}${holes}${kept}${why}`)
    },
  }
  return { lines, sink }
}

/** Frames are counted from 1; every step is one. */
function play(scanner: MessageScanner, steps: Step[]): void {
  steps.forEach((step, i) => {
    if (step === 'FIN' || step === 'END') scanner.finish(step === 'FIN', i + 1, i + 1)
    else if (typeof step === 'number') scanner.gap(step, i + 1, i + 1)
    else scanner.push(bytes(step), 0, step.length, i + 1, i + 1)
  })
}

function requests(...steps: Step[]): string[] {
  const { lines, sink } = witness(8)
  play(createRequestScanner(sink), steps)
  return lines
}

function responses(asked: string[], ...steps: Step[]): string[] {
  const { lines, sink } = witness(8)
  const scanner = createResponseScanner(sink)
  for (const method of asked) scanner.expect(method)
  play(scanner, steps)
  return lines
}

const OK = 'HTTP/1.1 200 OK\r\n'

test('a request without body, then one with', () => {
  expect(
    requests('GET /a HTTP/1.1\r\nHost: x\r\n\r\n', 'POST /b HTTP/1.1\r\nContent-Length: 5\r\n\r\nhel', 'lo'),
  ).toEqual([
    'begin 0#1',
    'head 0#1 27#1 GET /a | none',
    'end 27#1 complete 0',
    'begin 28#2',
    'head 28#2 66#2 POST /b | content-length 5',
    'end 71#3 complete 5 "hello"',
  ])
})

test('pipelined requests in one packet', () => {
  expect(requests('GET / HTTP/1.0\r\n\r\n\r\nHEAD /2 HTTP/1.1\n\n')).toEqual([
    'begin 0#1',
    'head 0#1 17#1 GET / | none',
    'end 17#1 complete 0',
    'begin 20#1',
    'head 20#1 37#1 HEAD /2 | none',
    'end 37#1 complete 0',
  ])
})

const conversations: [name: string, told: string[], events: string[]][] = [
  [
    'interim responses leave the method to the final one',
    responses(
      ['HEAD', 'GET'],
      'HTTP/1.1 100 Continue\r\n\r\n',
      `${OK}Content-Length: 9\r\n\r\n`,
      `${OK}Content-Length: 1\r\n\r\nx`,
    ),
    [
      'begin 0#1',
      'head 0#1 24#1 100 Continue | none',
      'end 24#1 complete 0',
      'begin 25#2',
      'head 25#2 62#2 200 OK | none',
      'end 62#2 complete 0',
      'begin 63#3',
      'head 63#3 100#3 200 OK | content-length 1',
      'end 101#3 complete 1 "x"',
    ],
  ],
  [
    'no content in 204 and 304',
    responses(['GET', 'GET'], 'HTTP/1.1 204\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n'),
    [
      'begin 0#1',
      'head 0#1 15#1 204 | none',
      'end 15#1 complete 0',
      'begin 16#1',
      'head 16#1 63#1 304 Not Modified | none',
      'end 63#1 complete 0',
    ],
  ],
  [
    'chunked with an extension, a bare LF and a trailer',
    responses(
      ['GET'],
      `${OK}Transfer-Encoding: Chunked\r\n\r\n`,
      '3;a="b"\r\nabc\r\n',
      '00A\n0123456789\r\n0\r\nX: y\r\n\r\n',
      OK,
    ),
    ['begin 0#1', 'head 0#1 46#1 200 OK | chunked', 'end 87#3 complete 13 "abc01234"', 'begin 88#4'],
  ],
  [
    'until close',
    responses([], 'HTTP/1.0 200 OK\r\n\r\nsome', ' more', 'FIN'),
    ['begin 0#1', 'head 0#1 18#1 200 OK | until-close', 'end 28#3 closed 9 "some mor"'],
  ],
  [
    'until close, but reset',
    responses([], 'HTTP/1.0 200 OK\r\n\r\nsome', 'END'),
    ['begin 0#1', 'head 0#1 18#1 200 OK | until-close', 'end 23#2 truncated 4 "some"'],
  ],
  [
    'less than promised',
    responses([], `${OK}Content-Length: 10\r\n\r\nsome`, 'FIN'),
    ['begin 0#1', 'head 0#1 38#1 200 OK | content-length 10', 'end 43#2 truncated 4 "some"'],
  ],
  [
    'closed inside the head',
    responses([], `${OK}Content-Le`, 'FIN'),
    ['begin 0#1', 'head 0#1 26#1 200 OK | until-close incomplete', 'end 27#2 truncated 0'],
  ],
  [
    'a WebSocket handshake ends in a tunnel',
    responses(
      ['GET'],
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x05hello',
      'HTTP/1.1 200 OK\r\n\r\n',
    ),
    ['begin 0#1', 'head 0#1 55#1 101 Switching Protocols | tunnel', 'end 55#1 complete 0'],
  ],
  [
    'CONNECT, refused and then granted',
    responses(['CONNECT', 'CONNECT'], 'HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n', OK, '\r\n\x16\x03\x01'),
    [
      'begin 0#1',
      'head 0#1 37#1 407 No | content-length 0',
      'end 37#1 complete 0',
      'begin 38#2',
      'head 38#2 56#3 200 OK | tunnel',
      'end 56#3 complete 0',
    ],
  ],
  [
    'a client in a tunnel is no broken request',
    requests('GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n', '\x82\x85abcd'),
    ['begin 0#1', 'head 0#1 39#1 GET /ws | none', 'end 39#1 complete 0'],
  ],
  [
    'a gap inside a body of known length is counted through',
    responses([], `${OK}Content-Length: 10\r\n\r\nab`, 6, `cd${OK}\r\n`),
    [
      'begin 0#1',
      'head 0#1 38#1 200 OK | content-length 10',
      'end 48#3 complete 4 missing 6 "ab"',
      'begin 49#3',
      'head 49#3 67#3 200 OK | until-close',
    ],
  ],
  [
    'a gap beyond the body loses the start of the next message',
    responses([], `${OK}Content-Length: 4\r\n\r\nab`, 6, 'rest of a head\r\n\r\n', `${OK}Content-Length: 0\r\n\r\n`),
    [
      'begin 0#1',
      'head 0#1 37#1 200 OK | content-length 4',
      'end 41#2 complete 2 missing 2 "ab"',
      'begin 64#4',
      'head 64#4 101#4 200 OK | content-length 0',
      'end 101#4 complete 0',
    ],
  ],
  [
    'a head cut by the snap length, then the next request',
    requests('GET /a HTTP/1.1\r\nHost: x\r\nCook', 900, 'POST /b HTTP/1.1\r\n\r\n'),
    [
      'begin 0#1',
      'head 0#1 29#1 GET /a | none incomplete',
      'end 929#2 closed 0 missing 900',
      'begin 930#3',
      'head 930#3 949#3 POST /b | none',
      'end 949#3 complete 0',
    ],
  ],
  [
    'a start line cut by the snap length',
    requests('GET /a/very/long', 900, 'FIN'),
    ['begin 0#1', 'head 0#1 15#1 GET | none incomplete', 'end 916#3 closed 0 missing 900'],
  ],
  [
    'a gap that hides chunk framing; the last chunk tells the end',
    responses([], `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nab`, 40, 'data', '0\r\n\r\n', OK),
    ['begin 0#1', 'head 0#1 46#1 200 OK | chunked', 'end 100#4 complete 11 missing 40 "ab"', 'begin 101#5'],
  ],
  [
    'a capture that began in the middle of a body',
    responses(['HEAD', 'GET'], 0, 'HTTP/1. is a protocol', `${OK}Content-Length: 2\r\n\r\nhi`),
    ['begin 21#3', 'head 21#3 58#3 200 OK | content-length 2', 'end 60#3 complete 2 "hi"'],
  ],
]

test.each(conversations)('%s', (_name, told, events) => expect(told).toEqual(events))

const FAULTS: [name: string, head: string, fault: string][] = [
  ['no status', 'HTTP/1.1 OK\r\n\r\n', 'start-line 9#1 Status line without a three-digit status: "HTTP/1.1 OK"'],
  ['status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n', 'start-line 9#1 Status line without'],
  ['unknown version', 'HTTP/3.7 200 OK\r\n\r\n', 'start-line 0#1 Unknown HTTP version: "HTTP/3.7"'],
  ['empty line first', `\r\n${OK}\r\n`, 'start-line 0#1 Empty line before the status line'],
  ['NUL in a name', `${OK}X\0Y: 1\r\n\r\n`, 'field 18#1 Field name holds the byte 0x00 behind "X"'],
  ['NUL in a value', `${OK}X: \x001\r\n\r\n`, 'field 20#1 Value of "X" holds the control byte 0x00'],
  ['no colon', `${OK}Oops\r\n\r\n`, 'field 17#1 Field line without a colon, 4 bytes long'],
  ['no name', `${OK}: x\r\n\r\n`, 'field 17#1 Field line without a name'],
  ['space before colon', `${OK}A : x\r\n\r\n`, 'field 18#1 White space between field name "A" and colon'],
  ['folded line', `${OK}A: x\r\n y\r\n\r\n`, 'field 21#1 Value of "A" is folded over several lines'],
  ['bare CR', `${OK}A: x\ry\r\n\r\n`, 'field 21#1 Value of "A" holds the control byte 0x0d'],
  ['no number', `${OK}Content-Length: 5x\r\n\r\n`, 'length 33#1 Content-Length is not a number: "5x"'],
  ['negative', `${OK}Content-Length: -5\r\n\r\n`, 'length 33#1 Content-Length is not a number: "-5"'],
  ['overflow', `${OK}Content-Length: 99999999999999999999\r\n\r\n`, 'length 33#1 Content-Length is too large'],
  ['conflict', `${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`, 'length 52#1 Content-Length 6 contradicts the 5'],
  ['repeated', `${OK}Content-Length: 5, 5\r\n\r\n`, 'length 33#1 Content-Length repeated'],
  [
    'two lengths',
    `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`,
    'length 55#1 Content-Length and Transfer',
  ],
  [
    'unknown coding',
    `${OK}Transfer-Encoding: gzip\r\n\r\n`,
    'length 36#1 Transfer-Encoding other than chunked: "gzip"',
  ],
]

test.each(FAULTS)('fault in a response head: %s', (_name, head, fault) => {
  expect(responses([], head)[1]).toContain(` ! ${fault}`)
})

test.each([
  ['no reason', 'HTTP/1.1 200\r\n\r\n'],
  ['two spaces', 'HTTP/1.1  200   OK\r\n\r\n'],
  ['bare LF', 'HTTP/1.1 200 OK\nA: b\n\n'],
  ['obs-text', `${OK}A: \xff\xfe\r\n\r\n`],
  ['empty value', `${OK}A:\r\n\r\n`],
  ['leading zeros', `${OK}Content-Length: 0005\r\n\r\n`],
  ['status 599', 'HTTP/1.1 599 ?\r\n\r\n'],
])('no fault in a response head: %s', (_name, head) => expect(responses([], head)[1]).not.toContain('!'))

test('a head fault does not stop the counting while the framing is known', () => {
  expect(responses([], `${OK}Oops\r\nContent-Length: 2\r\n\r\nhi`).at(-1)).toBe('end 45#1 complete 2 "hi"')
  expect(responses([], `${OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\nhi`).at(-1)).toMatch(
    /^end 56#1 broken 0 ! length/,
  )
})

test.each([
  ['no number', 'xyz\r\n', 'end 47#2 broken 0 ! chunk 47#2 Chunk size is not a hexadecimal number'],
  ['no line end', '3\r\nabcd', 'end 53#2 broken 3 "abc" ! chunk 53#2 Chunk data is followed by the byte \'d\''],
  ['too large', 'fffffffffffffff\r\n', 'end 60#2 broken 0 ! chunk 60#2 Chunk size is too large'],
])('fault in a chunk: %s', (_name, body, end) => {
  expect(responses([], `${OK}Transfer-Encoding: chunked\r\n\r\n`, body).at(-1)).toContain(end)
})

test('what is no HTTP keeps its first bytes and its place', () => {
  expect(responses(['GET'], '220 mail', '.example ESMTP\r\n', 'FIN')).toEqual([
    'begin 0#1',
    "head 0#1 23#2 0 | until-close ! start-line 0#1 These bytes do not begin an HTTP response: byte 1 is '2'",
    "end 23#2 broken 0 ! start-line 0#1 These bytes do not begin an HTTP response: byte 1 is '2'",
  ])
  expect(requests(`\x16\x03\x01${'x'.repeat(3000)}`)[1]).toContain('head 0#1 1023#1')
})

test('HTTP/0.9: one line', () => {
  expect(requests('GET /old\r\n')).toEqual([
    'begin 0#1',
    'head 0#1 9#1 GET /old | none ! start-line 0#1 Request line without an HTTP version: "GET /old"',
    'end 9#1 complete 0',
  ])
})

test('a header section without end is given up at 1 MiB', () => {
  const filler = `A: ${'x'.repeat(8187)}\r\n`.repeat(129)
  const lines = responses([], OK, filler, filler)
  expect(lines[1]).toContain('! header-size 1048575#2 Header section is longer than 1 MiB')
  expect(lines[2]).toContain('broken')
})

test('fields by name: joined, unfolded, trimmed, any case', () => {
  const { sink } = witness()
  const seen: (string | null)[] = []
  const scanner = createRequestScanner({
    ...sink,
    head(head) {
      for (const name of ['host', 'accept', 'x-fold', 'none']) seen.push(head.field(name))
      seen.push(String(head.persistent), String(head.version), String(head.size))
      return 0
    },
  })
  play(scanner, [
    'GET / HTTP/1.1\r\nHOST: \ta.example \r\naccept: a\r\nX-Fold: 1\r\n  2\r\nAccept: b\r\nConnection: Close\r\n\r\n',
  ])
  expect(seen).toEqual(['a.example', 'a, b', '1 2', null, 'false', '11', '94'])
})

test('pending and state follow a head that comes in pieces', () => {
  const scanner = createResponseScanner(witness().sink)
  play(scanner, ['HTTP/1.1 2'])
  expect([scanner.state, scanner.pending]).toEqual(['head', 10])
  play(scanner, ['00 OK\r\nContent-Length: 1\r\n\r\n'])
  expect([scanner.state, scanner.pending]).toEqual(['body', 0])
  play(scanner, ['x'])
  expect(scanner.state).toBe('between')
})

const SEQUENCE = [
  'HTTP/1.1 100 Continue\r\n\r\n',
  `${OK}Content-Length: 5\r\nOops\r\n\r\nhello`,
  `${OK}Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0a\r\n0123456789\r\n0\r\nT: x\r\n\r\n`,
  `${OK}Content-Length: 77\r\n\r\n`,
  'HTTP/1.0 502 Bad Gateway\r\nA: b\r\n c\r\n\r\nuntil the end',
].join('')

/** Events of a stream cut at `cuts`, all in one frame so that places compare. */
function split(stream: string, cuts: number[], kind: 'request' | 'response', closed = true): string[] {
  const { lines, sink } = witness(12)
  const scanner = kind === 'request' ? createRequestScanner(sink) : createResponseScanner(sink)
  for (const method of ['GET', 'GET', 'HEAD']) scanner.expect(method)
  const edges = [0, ...cuts.toSorted((a, b) => a - b), stream.length]
  const all = bytes(stream)
  for (let i = 1; i < edges.length; i++) scanner.push(all, edges[i - 1], edges[i], 1, 1)
  scanner.finish(closed, 1, 1)
  return lines
}

test('any split tells the same', () => {
  const whole = split(SEQUENCE, [], 'response')
  expect(whole).toHaveLength(15)
  const cut = fc.integer({ min: 0, max: SEQUENCE.length })
  fc.assert(fc.property(fc.array(cut), (cuts) => void expect(split(SEQUENCE, cuts, 'response')).toEqual(whole)))
})

test('mutations never throw, tell the same in any split, and no more than one event a byte', () => {
  const mutation = fc.tuple(fc.nat(SEQUENCE.length - 1), fc.integer({ min: 0, max: 255 }))
  const kind = fc.constantFrom('request' as const, 'response' as const)
  fc.assert(
    fc.property(
      fc.array(mutation, { maxLength: 8 }),
      fc.array(fc.nat(SEQUENCE.length)),
      kind,
      (mutations, cuts, side) => {
        const mutated = [...(side === 'request' ? SEQUENCE.replaceAll('HTTP/1.1 200', 'PUT /x HTTP/1.1') : SEQUENCE)]
        for (const [at, byte] of mutations) mutated[at] = String.fromCharCode(byte)
        const stream = mutated.join('')
        const whole = split(stream, [], side)
        expect(
          split(
            stream,
            cuts.map((at) => Math.min(at, stream.length)),
            side,
          ),
        ).toEqual(whole)
        expect(whole.length).toBeLessThanOrEqual(stream.length)
      },
    ),
  )
})

test('pieces and gaps in any order never throw; every head has its end', () => {
  const step = fc.oneof(
    fc.constantFrom(
      OK,
      'GET / HTTP/1.1\r\n',
      '\r\n',
      'Content-Length: 3\r\n',
      'Transfer-Encoding: chunked\r\n',
      '3\r\nabc\r\n',
    ),
    fc.constantFrom('0\r\n\r\n', 'HTTP/1.1 100 \n\n', 'x', '\0'),
    fc.integer({ min: 0, max: 20 }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.constantFrom('FIN' as const, 'END' as const), (steps, last) => {
      for (const lines of [requests(...steps, last), responses(['HEAD'], ...steps, last)]) {
        const count = (event: string) => lines.filter((line) => line.startsWith(event)).length
        expect(count('head')).toBe(count('end'))
      }
    }),
  )
})
