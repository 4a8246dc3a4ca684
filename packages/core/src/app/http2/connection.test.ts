import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  hpackFields,
  hpackIndexed,
  hpackInserted,
  hpackLiteral,
  hpackTableSize,
  http2Data,
  http2Frame,
  http2Goaway,
  http2Headers,
  http2Preface,
  http2Reset,
  http2Settings,
  http2SettingsAck,
  http2WindowUpdate,
} from '@pcap-surgery/testkit'
import type { Place } from '../http1/message.ts'
import { Http2Connection, type Http2Options } from './connection.ts'
import type { Http2Side, Http2Sink } from './events.ts'

/** Bytes of a side, a hole in them by its length, or their end. Client to server is `>`. */
type Step = readonly ['>' | '<', Uint8Array | number | 'FIN' | 'END']

const join = (...parts: ArrayLike<number>[]) => Uint8Array.from(parts.flatMap((part) => Array.from(part)))
const place = (p: Place) => `${p.offset}#${p.frame}`
const arrow = (from: Http2Side) => (from === 0 ? '>' : '<')

/** Writes down what a connection tells, one line an event; pieces of content that follow each other are one. */
function witness(): { lines: string[]; sink: Http2Sink } {
  const lines: string[] = []
  let content: { key: string; first: string; text: string } | null = null
  const sink: Http2Sink = {
    begin: (stream, from, first) => lines.push(`${arrow(from)} ${stream} begin ${place(first)}`),
    headers(stream, from, kind, fields, endStream, first, last) {
      const list = fields.list.map(({ name, value }) => `${name}=${value}`).join(' ')
      const marks = `${fields.complete ? '' : ' incomplete'}${endStream ? ' end-stream' : ''}`
      lines.push(`${arrow(from)} ${stream} ${kind} ${place(first)} ${place(last)} ${list}${marks}`)
    },
    data(stream, from, bytes, at, end, endStream, first, last) {
      const key = `${arrow(from)} ${stream} data`
      const text = String.fromCharCode(...bytes.subarray(at, end))
      const before = content !== null && content.key === key && lines.at(-1)?.startsWith(key) ? content : null
      content = before ?? { key, first: place(first), text: '' }
      content.text += text
      if (before !== null) lines.pop()
      const shown = content.text.length > 20 ? `${content.text.length} bytes` : `"${content.text}"`
      lines.push(`${key} ${content.first} ${place(last)} ${shown}${endStream ? ' end-stream' : ''}`)
      if (endStream) content = null
    },
    missing: (stream, from, length, endStream, at) =>
      lines.push(`${arrow(from)} ${stream} missing ${length} ${place(at)}${endStream ? ' end-stream' : ''}`),
    reset: (stream, from, code, at) => lines.push(`${arrow(from)} ${stream} reset ${code} ${place(at)}`),
    truncated: (stream, from, closed, at) =>
      lines.push(`${arrow(from)} ${stream} truncated ${closed ? 'closed ' : ''}${place(at)}`),
    end: (stream, how, at) => lines.push(`  ${stream} ${how} ${place(at)}`),
    goaway: (from, last, code, debug, at) =>
      lines.push(`${arrow(from)} goaway ${last} ${code} "${debug}" ${place(at)}`),
    settings: (from, ack, settings, at) =>
      lines.push(
        `${arrow(from)} settings${ack ? ' ack' : ''}${settings.map((s) => ` ${s.id}=${s.value}`)} ${place(at)}`,
      ),
    ping: (from, ack, at) => lines.push(`${arrow(from)} ping${ack ? ' ack' : ''} ${place(at)}`),
    stalled: (stream, from, at) => lines.push(`${arrow(from)} ${stream} stalled ${place(at)}`),
    resumed: (stream, from, at) => lines.push(`${arrow(from)} ${stream} resumed ${place(at)}`),
    fault: (stream, from, text, at) => lines.push(`${arrow(from)} ${stream} ! ${text} ${place(at)}`),
  }
  return { lines, sink }
}

/** Frames are counted from 1; every step is one. */
function play(steps: readonly Step[], options?: Http2Options): { lines: string[]; midstream: boolean } {
  const { lines, sink } = witness()
  const connection = new Http2Connection(sink, options)
  steps.forEach(([to, what], i) => {
    const from = to === '>' ? 0 : 1
    if (what === 'FIN' || what === 'END') connection.finish(from, what === 'FIN', i + 1, i + 1)
    else if (typeof what === 'number') connection.gap(from, what, i + 1, i + 1)
    else connection.push(from, what, 0, what.length, i + 1, i + 1)
  })
  return { lines, midstream: connection.midstream }
}

const GET = join(hpackIndexed(2), hpackIndexed(6), hpackIndexed(4)) // :method GET, :scheme http, :path /
const POST = join(hpackIndexed(3), hpackIndexed(6), hpackIndexed(4)) // :method POST, :scheme http, :path /
const OK = hpackIndexed(8) // :status 200

/** A connection begins: preface (24 bytes) and SETTINGS (9), both acknowledged (9). Frames 1 to 3. */
const BEGUN: readonly Step[] = [
  ['>', join(http2Preface, http2Settings())],
  ['<', join(http2Settings(), http2SettingsAck)],
  ['>', http2SettingsAck],
]

/** So many bytes of content of stream 1. */
const content = (length: number) => http2Data(1, new Uint8Array(length))

/** What is told behind the beginning. */
const told = (...steps: Step[]): string[] => play([...BEGUN, ...steps]).lines.slice(4)

test('the beginning of a connection', () => {
  expect(play(BEGUN)).toEqual({
    lines: ['> settings 24#1', '< settings 0#2', '< settings ack 9#2', '> settings ack 33#3'],
    midstream: false,
  })
})

test('a request and its response, bytes in words', () => {
  const request = join(
    [0, 0, 3, 1, 0x05, 0, 0, 0, 1], // 3 bytes, HEADERS, END_STREAM and END_HEADERS, stream 1
    [0x82, 0x86, 0x84], // :method GET, :scheme http, :path /
  )
  const response = join(
    [0, 0, 1, 1, 0x04, 0, 0, 0, 1], // 1 byte, HEADERS, END_HEADERS, stream 1
    [0x88], // :status 200
    [0, 0, 5, 0, 0x01, 0, 0, 0, 1], // 5 bytes, DATA, END_STREAM, stream 1
    [0x68, 0x65, 0x6c, 0x6c, 0x6f], // hello
  )
  expect(told(['>', request], ['<', response])).toEqual([
    '> 1 begin 42#4',
    '> 1 request 42#4 53#4 :method=GET :scheme=http :path=/ end-stream',
    '< 1 begin 18#5',
    '< 1 response 18#5 27#5 :status=200',
    '< 1 data 37#5 41#5 "hello" end-stream',
    '  1 complete 41#5',
  ])
})

test('padding and priority are left out', () => {
  const headers = join([2], [0, 0, 0, 0, 16], GET, [0, 0]) // 2 bytes of padding, dependency, weight
  const data = join([3], [0x61, 0x62], [0, 0, 0]) // 3 bytes of padding, ab
  expect(
    told(
      ['>', http2Frame('HEADERS', 1, headers, 'END_HEADERS', 'PADDED', 'PRIORITY')],
      ['>', http2Frame('DATA', 1, data, 'PADDED', 'END_STREAM')],
    ),
  ).toEqual([
    '> 1 begin 42#4',
    '> 1 request 42#4 61#4 :method=GET :scheme=http :path=/',
    '> 1 data 72#5 76#5 "ab" end-stream',
  ])
})

test('CONTINUATION frames carry the rest of the fields', () => {
  const block = join(GET, hpackFields({ te: 'trailers' }))
  expect(
    told(
      ['>', http2Frame('HEADERS', 1, block.subarray(0, 4), 'END_STREAM')],
      ['>', http2Frame('CONTINUATION', 1, block.subarray(4, 10))],
      ['>', http2Frame('CONTINUATION', 1, block.subarray(10), 'END_HEADERS')],
    ),
  ).toEqual(['> 1 begin 42#4', '> 1 request 42#4 84#6 :method=GET :scheme=http :path=/ te=trailers end-stream'])
})

test('interim responses, then the response, then trailers', () => {
  const interim = http2Headers(1, hpackLiteral(8, '103'))
  expect(
    told(
      ['>', http2Headers(1, GET, 'END_STREAM')],
      ['<', join(interim, http2Headers(1, OK), http2Headers(1, hpackFields({ 'grpc-status': '14' }), 'END_STREAM'))],
    ).slice(2),
  ).toEqual([
    '< 1 begin 18#5',
    '< 1 interim 18#5 31#5 :status=103',
    '< 1 begin 32#5',
    '< 1 response 32#5 41#5 :status=200',
    '< 1 trailers 42#5 66#5 grpc-status=14 end-stream',
    '  1 complete 66#5',
  ])
})

test('streams side by side', () => {
  const ends = told(
    ['>', join(http2Headers(1, GET, 'END_STREAM'), http2Headers(3, GET, 'END_STREAM'))],
    ['<', join(http2Headers(3, OK), http2Headers(1, OK))],
    ['<', join(http2Data(1, 'a'), http2Data(3, 'bb', 'END_STREAM'), http2Data(1, 'c', 'END_STREAM'))],
  ).filter((line) => line.includes('complete') || line.includes('data'))
  expect(ends).toEqual([
    '< 1 data 47#6 47#6 "a"',
    '< 3 data 57#6 58#6 "bb" end-stream',
    '  3 complete 58#6',
    '< 1 data 68#6 68#6 "c" end-stream',
    '  1 complete 68#6',
  ])
})

describe('ends of streams', () => {
  const asked: Step = ['>', http2Headers(1, GET, 'END_STREAM')]

  test('the server resets', () => {
    expect(told(asked, ['<', http2Reset(1, 7)]).slice(2)).toEqual(['< 1 reset 7 18#5', '  1 reset 18#5'])
  })

  test('the client resets; an answer that comes too late is told still', () => {
    expect(told(asked, ['>', http2Reset(1, 8)], ['<', http2Headers(1, OK, 'END_STREAM')]).slice(2)).toEqual([
      '> 1 reset 8 54#5',
      '< 1 begin 18#6',
      '< 1 response 18#6 27#6 :status=200 end-stream',
      '  1 reset 27#6',
    ])
  })

  test('frames that come after the end open nothing', () => {
    expect(told(asked, ['<', http2Reset(1, 7)], ['<', http2Headers(1, OK)], ['>', http2Reset(1, 8)])).toHaveLength(4)
  })

  test('the connection goes away and ends', () => {
    expect(told(asked, ['<', http2Goaway(0, 2, 'sorry')], ['<', 'FIN'], ['>', 'FIN']).slice(2)).toEqual([
      '< goaway 0 2 "sorry" 18#5',
      '< 1 truncated closed 40#6',
      '  1 truncated 40#6',
    ])
  })

  test('a request that crosses the end of the connection', () => {
    expect(told(['<', 'FIN'], asked)).toEqual([
      '> 1 begin 42#5',
      '> 1 request 42#5 53#5 :method=GET :scheme=http :path=/ end-stream',
      '< 1 truncated closed 18#4',
      '  1 truncated 53#5',
    ])
  })

  test('the capture ends in the middle of the fields', () => {
    const response = http2Headers(1, join(OK, hpackLiteral('server', 'app')), 'END_STREAM')
    expect(told(asked, ['<', response.subarray(0, 14)], ['<', 'END']).slice(2)).toEqual([
      '< 1 begin 18#5',
      '< 1 response 18#5 32#6 :status=200 incomplete',
      '< 1 truncated 32#6',
      '  1 truncated 32#6',
    ])
  })
})

test('PING, PRIORITY, frames of unknown types, pushed streams: told or skipped', () => {
  const promise = join([0, 0, 0, 2], GET) // promised stream 2
  expect(
    told(
      ['>', http2Headers(1, GET, 'END_STREAM')],
      ['>', join(http2Frame('PRIORITY', 3, [0, 0, 0, 0, 9]), http2Frame(0x10, 0, [0, 0, 0, 1]))],
      ['<', join(http2Frame('PING', 0, new Uint8Array(8)), http2Frame('PUSH_PROMISE', 1, promise, 'END_HEADERS'))],
      ['<', join(http2Headers(2, hpackInserted('server', 'app')), http2Data(2, 'pushed', 'END_STREAM'))],
      ['<', http2Headers(1, join(OK, hpackIndexed(62)))],
    ).slice(2),
  ).toEqual(['< ping 18#6', '< 1 begin 87#8', '< 1 response 87#8 97#8 :status=200 server=app'])
})

/** What is wrong with the answer to a request. */
const faultsOf = (request: Uint8Array, ...steps: Step[]): string[] =>
  told(['>', http2Headers(1, request, 'END_STREAM')], ...steps).flatMap((line) => /! (.*) \d+#/.exec(line)?.[1] ?? [])
const announcing = (length: string, status = '200') => hpackFields({ ':status': status, 'content-length': length })

describe('content-length', () => {
  const head = join(hpackFields({ ':method': 'HEAD' }), hpackIndexed(6), hpackIndexed(4))

  test('is the sum of the content, without padding', () => {
    const padded = http2Frame('DATA', 1, [3, 1, 2, 0, 0, 0], 'PADDED')
    expect(
      faultsOf(GET, ['<', join(http2Headers(1, announcing('4')), padded)], ['<', http2Data(1, 'xx', 'END_STREAM')]),
    ).toEqual([])
    expect(faultsOf(GET, ['<', join(http2Headers(1, announcing('3')), padded)], ['<', http2Data(1, 'xxyy')])).toEqual([
      'More content than the 3 bytes of content-length',
    ])
    expect(
      faultsOf(GET, ['<', join(http2Headers(1, announcing('3')), padded, http2Data(1, '', 'END_STREAM'))]),
    ).toEqual(['Content ends after 2 of the 3 bytes of content-length'])
    expect(faultsOf(GET, ['<', http2Headers(1, announcing('3'), 'END_STREAM')])).toHaveLength(1)
  })

  test('may stand where there is no content', () => {
    expect(faultsOf(head, ['<', http2Headers(1, announcing('3'), 'END_STREAM')])).toEqual([])
    expect(faultsOf(GET, ['<', http2Headers(1, announcing('3', '304'), 'END_STREAM')])).toEqual([])
  })

  test('is not held against what was not captured', () => {
    expect(
      faultsOf(GET, ['<', http2Headers(1, announcing('300'))], ['<', 109], ['<', http2Data(1, '', 'END_STREAM')]),
    ).toEqual([])
    const frame = http2Data(1, 'x'.repeat(300), 'END_STREAM')
    expect(faultsOf(GET, ['<', join(http2Headers(1, announcing('200')), frame.subarray(0, 20))], ['<', 289])).toEqual(
      [],
    )
  })
})

describe('after an upgrade from HTTP/1', () => {
  test('stream 1 is the request', () => {
    const { lines } = play([...BEGUN, ['<', http2Headers(1, OK, 'END_STREAM')]], { upgraded: { settings: null } })
    expect(lines.slice(4)).toEqual([
      '< 1 begin 18#4',
      '< 1 response 18#4 27#4 :status=200 end-stream',
      '  1 complete 27#4',
    ])
  })
})

describe('flow control', () => {
  const post: Step = ['>', http2Headers(1, POST)]

  test('a sender that has used up the window of stream and connection waits for both', () => {
    const steps: Step[] = [...Array.from({ length: 3 }, (): Step => ['>', content(16_384)]), ['>', content(16_383)]]
    const lines = told(post, ...steps, ['<', http2WindowUpdate(0, 1000)], ['<', http2WindowUpdate(1, 1000)])
    expect(lines.filter((line) => !line.includes('data'))).toEqual([
      '> 1 begin 42#4',
      '> 1 request 42#4 53#4 :method=POST :scheme=http :path=/',
      '> 0 stalled 65624#8',
      '> 1 stalled 65624#8',
      '> 0 resumed 18#9',
      '> 1 resumed 31#10',
    ])
  })

  test('padding counts', () => {
    const lines = play([
      ['>', join(http2Preface, http2Settings())],
      ['<', join(http2Settings({ 4: 6 }), http2SettingsAck)], // initial window
      ['>', http2SettingsAck],
      post,
      ['>', http2Frame('DATA', 1, [3, 0x61, 0x62, 0, 0, 0], 'PADDED')],
    ]).lines
    expect(lines.at(-1)).toBe('> 1 stalled 68#5')
  })

  test('content that ends is not waiting', () => {
    const steps: Step[] = [
      ['>', join(http2Preface, http2Settings())],
      ['<', join(http2Settings({ 4: 5 }), http2SettingsAck)],
      ['>', http2SettingsAck],
      post,
      ['>', http2Data(1, 'hello', 'END_STREAM')],
    ]
    expect(play(steps).lines.filter((line) => line.includes('stalled'))).toEqual([])
  })

  test('a smaller initial window counts from its acknowledgement, a larger one at once', () => {
    const begin: Step[] = [
      ['>', join(http2Preface, http2Settings())],
      ['<', join(http2Settings({ 4: 5 }), http2SettingsAck)],
    ]
    const stalls = (...steps: Step[]) =>
      play([...begin, ...steps]).lines.filter((line) => / (stalled|resumed)/.test(line))
    expect(stalls(post, ['>', content(5)])).toEqual([])
    expect(stalls(post, ['>', content(5)], ['>', http2SettingsAck], ['>', content(0)])).toEqual(['> 1 stalled 76#6'])
    expect(stalls(['>', http2SettingsAck], post, ['>', content(5)], ['<', http2Settings({ 4: 9 })])).toEqual([
      '> 1 stalled 67#5',
      '> 1 resumed 24#6',
    ])
  })

  test('nothing is told after a loss: a WINDOW_UPDATE may have been lost', () => {
    const lines = told(post, ['<', 100], ...Array.from({ length: 3 }, (): Step => ['>', content(16_384)]), [
      '>',
      content(16_383),
    ])
    expect(lines.filter((line) => line.includes('stalled'))).toEqual([])
  })

  test('after a loss nobody is known to wait any longer', () => {
    const waits = Array.from({ length: 4 }, (_, i): Step => ['>', content(i < 3 ? 16_384 : 16_383)])
    const lines = told(post, ...waits, ['<', 100]).filter((line) => !line.includes('data'))
    expect(lines.slice(2)).toEqual([
      '> 0 stalled 65624#8',
      '> 1 stalled 65624#8',
      '> 0 resumed 18#9',
      '> 1 resumed 18#9',
    ])
  })
})

describe('bytes are missing', () => {
  const response = http2Headers(1, join(OK, hpackInserted('server', 'app')))
  const asked: Step = ['>', http2Headers(1, GET, 'END_STREAM')]

  test('within content: counted on', () => {
    const data = http2Data(1, 'hello', 'END_STREAM')
    expect(told(asked, ['<', response], ['<', data.subarray(0, 11)], ['<', 3]).slice(4)).toEqual([
      '< 1 data 49#6 50#6 "he"',
      '< 1 missing 3 51#7 end-stream',
      '  1 complete 51#7',
    ])
  })

  test('within fields: what stands before is told, the frames go on, the table is unknown', () => {
    expect(
      told(
        asked,
        ['<', response.subarray(0, 12)],
        ['<', response.length - 12],
        ['<', http2Headers(1, hpackIndexed(62), 'END_STREAM')],
      ).slice(2),
    ).toEqual([
      '< 1 begin 18#5',
      '< 1 response 18#5 39#6 :status=200 incomplete',
      '< 1 trailers 40#7 49#7 null=null incomplete end-stream',
      '  1 complete 49#7',
    ])
  })

  test('between frames: the next push that begins with a frame is found', () => {
    expect(
      told(
        asked,
        ['<', 40],
        ['<', join([1, 2, 3], new Uint8Array(40).fill(0x55))],
        ['<', join(http2Headers(1, OK), http2Data(1, 'hello', 'END_STREAM'))],
      ).slice(2),
    ).toEqual([
      '< 1 begin 101#7',
      '< 1 response 101#7 110#7 :status=200',
      '< 1 data 120#7 124#7 "hello" end-stream',
      '  1 complete 124#7',
    ])
  })

  test('frames are found behind the rest of another, when two of them fit', () => {
    const rest = new Uint8Array(30).fill(0x55)
    const lines = told(asked, ['<', 40], ['<', join(rest, http2Headers(1, OK), http2Data(1, 'hello'), [0, 0])])
    expect(lines.slice(2)).toEqual([
      '< 1 begin 88#6',
      '< 1 response 88#6 97#6 :status=200',
      '< 1 data 107#6 111#6 "hello"',
    ])
  })
})

describe('the capture began late', () => {
  const steps: Step[] = [
    ['>', http2Headers(9, join(GET, hpackIndexed(70)), 'END_STREAM')],
    ['<', join(http2Headers(9, join(OK, hpackInserted('server', 'app'))), http2Data(9, 'hello'))],
    ['<', http2Headers(9, join(hpackIndexed(62), hpackLiteral('a', 'b')), 'END_STREAM')],
  ]
  const lines = [
    '> 9 begin 0#1',
    '> 9 request 0#1 12#1 :method=GET :scheme=http :path=/ null=null incomplete end-stream',
    '< 9 begin 0#2',
    '< 9 response 0#2 21#2 :status=200 server=app',
    '< 9 data 31#2 35#2 "hello"',
    '< 9 trailers 36#3 50#3 server=app a=b end-stream',
    '  9 complete 50#3',
  ]

  test('frames are read from the first that is found, and what they say is kept', () => {
    expect(play(steps)).toEqual({ lines, midstream: true })
  })

  test('the same when the layer below says so', () => {
    const late: Step[] = [['>', 0], ['<', 0], ...steps]
    expect(play(late).lines.map((line) => line.replace(/\d+#\d+/g, ''))).toEqual(
      lines.map((line) => line.replace(/\d+#\d+/g, '')),
    )
  })

  test('in the middle of an answer: its fields are not guessed', () => {
    expect(
      play([
        ['<', join(http2Data(5, 'rest'), http2Headers(5, hpackLiteral('grpc-status', '4'), 'END_STREAM'))],
        ['<', 'FIN'],
        ['>', 'END'],
      ]).lines,
    ).toEqual([
      '< 5 data 9#1 12#1 "rest"',
      '< 5 trailers 13#1 36#1 grpc-status=4 end-stream',
      '> 5 truncated 0#3',
      '  5 truncated 0#3',
    ])
  })
})

describe('what breaks the rules', () => {
  const faults: readonly (readonly [what: string, frames: Uint8Array, fault: string])[] = [
    ['DATA on the connection', http2Data(0, 'x'), '> 0 ! DATA frame on stream 0'],
    ['PING on a stream', http2Frame('PING', 1, new Uint8Array(8)), '> 1 ! PING frame on stream 1'],
    ['RST_STREAM of 3 bytes', http2Frame('RST_STREAM', 1, [0, 0, 1]), '> 1 ! RST_STREAM frame of 3 bytes'],
    ['SETTINGS of 5 bytes', http2Frame('SETTINGS', 0, [0, 1, 2, 3, 4]), '> 0 ! SETTINGS frame of 5 bytes'],
    [
      'an acknowledgement with content',
      http2Frame('SETTINGS', 0, new Uint8Array(6), 'ACK'),
      '> 0 ! SETTINGS frame of 6 bytes',
    ],
    ['a frame too large', http2Data(1, new Uint8Array(16_385)), '> 1 ! DATA frame of 16385 bytes; 16384 are allowed'],
    [
      'more padding than frame',
      http2Frame('DATA', 1, [9, 0], 'PADDED'),
      '> 1 ! DATA frame of 2 bytes with 9 bytes of padding',
    ],
    ['CONTINUATION of nothing', http2Frame('CONTINUATION', 1), '> 1 ! CONTINUATION frame without a field block'],
    [
      'a frame between fields',
      join(http2Frame('HEADERS', 3, GET), http2Data(1, 'x')),
      '> 3 ! DATA frame within a field block',
    ],
    [
      'content after the end',
      join(http2Data(1, '', 'END_STREAM'), http2Data(1, 'x')),
      '> 1 ! DATA frame after END_STREAM',
    ],
    ['content before the request', http2Data(3, 'x'), '> 3 ! Frame of a stream that was not opened'],
    ['a window made no larger', http2WindowUpdate(1, 0), '> 1 ! WINDOW_UPDATE frame that adds nothing'],
    [
      'a window too large',
      http2WindowUpdate(1, 0x7fff_ffff),
      '> 1 ! WINDOW_UPDATE frame that makes the window larger than 2^31-1',
    ],
    [
      'a field block that is no HPACK',
      http2Headers(3, hpackIndexed(99)),
      '> 3 ! A field line refers to entry 99 of a table of 61',
    ],
  ]
  test.each(faults)('%s', (_what, bytes, fault) => {
    const lines = told(['>', http2Headers(1, POST)], ['>', bytes])
    expect(lines.map((line) => line.replace(/ \d+#\d+$/, ''))).toContain(fault)
  })

  test('a server that answers something else', () => {
    const { lines } = play([
      ['>', join(http2Preface, http2Settings())],
      ['<', Uint8Array.from('HTTP/1.1 400 Bad Request\r\n\r\n', (c) => c.charCodeAt(0))],
    ])
    expect(lines).toEqual(['> settings 24#1', '< 0 ! The first bytes are not a SETTINGS frame 0#2'])
  })

  test('a server whose beginning was not captured breaks none', () => {
    const steps: Step[] = [
      ['>', join(http2Preface, http2Settings())],
      ['<', 9],
      ['<', http2Headers(1, OK)],
    ]
    expect(play(steps).lines.filter((line) => line.includes('!'))).toEqual([])
  })

  test('a table that the other side does not allow, and one that it does', () => {
    const sized = http2Headers(1, join(hpackTableSize(8192), GET))
    expect(told(['>', sized])[1]).toBe('> 1 ! The dynamic table is made 8192 bytes large, 4096 are allowed 42#4')
    expect(told(['<', http2Settings({ 1: 8192 })], ['>', sized])[2]).toBe(
      '> 1 request 42#5 56#5 :method=GET :scheme=http :path=/',
    )
  })
})

describe('hostile input', () => {
  test('CONTINUATION frames without end are not kept', () => {
    const { lines, sink } = witness()
    const connection = new Http2Connection(sink)
    const push = (bytes: Uint8Array) => connection.push(0, bytes, 0, bytes.length, 1, 1)
    push(join(http2Preface, http2Settings(), http2Frame('HEADERS', 1, [])))
    const flood = http2Frame('CONTINUATION', 1, new Uint8Array(16_384).fill(0x90))
    for (let i = 0; i < 80; i++) push(flood)
    push(http2Frame('CONTINUATION', 1, [], 'END_HEADERS'))
    expect(lines.filter((line) => line.includes('!'))).toEqual([
      `> 1 ! Field block of more than ${1 << 20} bytes ${33 + 9 + 64 * (16_384 + 9)}#1`,
    ])
    expect(lines.at(-1)).toMatch(/^> 1 request .* incomplete$/)
  })

  test('streams without end: the oldest are forgotten', () => {
    const { lines, sink } = witness()
    const connection = new Http2Connection(sink)
    const push = (bytes: Uint8Array) => connection.push(0, bytes, 0, bytes.length, 1, 1)
    push(join(http2Preface, http2Settings()))
    for (let stream = 1; stream < 2 * 4100; stream += 2) push(http2Headers(stream, GET))
    expect(lines.filter((line) => line.includes('forgotten'))).toEqual([
      '  1 forgotten 49185#1',
      '  3 forgotten 49197#1',
      '  5 forgotten 49209#1',
      '  7 forgotten 49221#1',
    ])
  })

  test('faults without end: the first 64 are told', () => {
    const lines = told(...Array.from({ length: 100 }, (): Step => ['>', http2Data(0, 'x')]))
    expect(lines).toHaveLength(64)
  })

  test('a stream that was reset is over once another begins long after', () => {
    const { lines, sink } = witness()
    const connection = new Http2Connection(sink)
    const tell = (bytes: Uint8Array, seconds: number) => connection.push(0, bytes, 0, bytes.length, 1, seconds * 1e9)
    tell(join(http2Preface, http2Settings(), http2Headers(1, GET, 'END_STREAM'), http2Reset(1, 8)), 0)
    tell(http2Headers(3, GET, 'END_STREAM'), 5)
    expect(lines.at(-1)).toMatch('> 3 request')
    tell(http2Headers(5, GET, 'END_STREAM'), 11)
    expect(lines.filter((line) => line.startsWith('  1 reset'))).toHaveLength(1)
    expect(lines.filter((line) => line.startsWith('  '))).toHaveLength(1)
  })

  test('streams that are reset at once are listened to in bounded number', () => {
    const rapid = Array.from({ length: 100 }, (_, i) => join(http2Headers(2 * i + 1, GET), http2Reset(2 * i + 1, 8)))
    const lines = told(['>', join(...rapid)])
    expect(lines.filter((line) => / reset \d+#/.test(line))).toHaveLength(36)
  })
})

/** `bytes` cut at these places. */
const pieces = (bytes: Uint8Array, cuts: number[]): Uint8Array[] => {
  const at = [0, ...cuts.map((cut) => cut % bytes.length).toSorted((a, b) => a - b), bytes.length]
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end))
}

/** Lines without their frames, which depend on where the stream is split. */
const places = (lines: string[]) => lines.map((line) => line.replace(/#\d+/g, ''))

describe('any bytes', () => {
  /** A conversation with everything in it, as one stream a side. */
  const client = join(
    http2Preface,
    http2Settings({ 4: 100_000 }),
    http2SettingsAck,
    http2Headers(1, join(POST, hpackInserted('te', 'trailers'))),
    http2Data(1, 'content'),
    http2Frame('DATA', 1, [2, 0x61, 0, 0], 'PADDED', 'END_STREAM'),
    http2Frame('HEADERS', 3, GET.subarray(0, 1), 'END_STREAM'),
    http2Frame('CONTINUATION', 3, GET.subarray(1), 'END_HEADERS'),
    http2Headers(5, join(GET, hpackIndexed(62))),
    http2Reset(5, 8),
    http2Frame('PING', 0, new Uint8Array(8)),
    http2WindowUpdate(0, 1000),
  )
  const server = join(
    http2Settings({ 3: 100 }),
    http2SettingsAck,
    http2Headers(1, hpackLiteral(8, '100')),
    http2Headers(1, join(OK, hpackInserted('server', 'app'))),
    http2Data(1, 'answer'),
    http2Headers(1, hpackFields({ 'grpc-status': '0' }), 'END_STREAM'),
    http2Headers(3, join(hpackIndexed(14), hpackIndexed(62))),
    http2Frame('DATA', 3, [0], 'PADDED', 'END_STREAM'),
    http2Goaway(3, 0, 'bye'),
  )
  const both = (cut: (bytes: Uint8Array) => Uint8Array[]): Step[] => [
    ...cut(client).map((bytes): Step => ['>', bytes]),
    ...cut(server).map((bytes): Step => ['<', bytes]),
    ['>', 'END'],
    ['<', 'FIN'],
  ]
  test('split anywhere, the same is told', () => {
    const whole = places(play(both((bytes) => [bytes])).lines)
    expect(whole.filter((line) => line.includes('!'))).toEqual([])
    expect(places(play(both((bytes) => pieces(bytes, [...bytes.keys()]))).lines)).toEqual(whole)
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { maxLength: 6 }), (cuts) => {
        expect(places(play(both((bytes) => pieces(bytes, cuts))).lines)).toEqual(whole)
      }),
    )
  })

  test('cut anywhere, every stream that began is ended', () => {
    for (let length = 0; length <= client.length; length++) {
      const { lines } = play(both((bytes) => [bytes.subarray(0, length)]))
      const streams = (mark: RegExp) => new Set(lines.flatMap((line) => mark.exec(line)?.[1] ?? []))
      expect(streams(/^ {2}(\d+)/)).toEqual(streams(/^. (\d+) /))
    }
  })

  test('changed, with holes, from anywhere: nothing throws, and every stream ends once', () => {
    const change = fc.record({ at: fc.nat(1000), to: fc.nat(255) })
    const step = fc.record({ cut: fc.nat(1000), gap: fc.nat(40) })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 5 }), fc.array(step, { maxLength: 5 }), (changes, steps) => {
        const broken = (to: '>' | '<', bytes: Uint8Array): Step[] => {
          const copy = bytes.slice()
          for (const { at, to: value } of changes) copy[at % copy.length] = value
          let from = 0
          const parts = steps.flatMap(({ cut, gap }): Step[] => {
            const end = Math.min(copy.length, from + (cut % 100))
            const part = copy.subarray(from, end)
            from = Math.min(copy.length, end + gap)
            return [
              [to, part],
              [to, gap],
            ]
          })
          return [...parts, [to, copy.subarray(from)], [to, 'END']]
        }
        const { lines } = play([...broken('>', client), ...broken('<', server)])
        const ends = lines.flatMap((line) => /^ {2}(\d+)/.exec(line)?.[1] ?? [])
        expect(new Set(ends).size).toBe(ends.length)
        const heard = new Set(lines.flatMap((line) => /^. (\d+) (?:begin|data|request)/.exec(line)?.[1] ?? []))
        expect([...heard].filter((stream) => !ends.includes(stream))).toEqual([])
      }),
    )
  })
})
