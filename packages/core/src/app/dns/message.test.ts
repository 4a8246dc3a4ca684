import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dnsTcpLength, readDns, readDnsTcp, type DnsMessage } from './message.ts'

/** The bytes of one field, or of a few. */
const b = (...bytes: number[]): number[] => bytes

const word = (text: string): number[] => [text.length, ...Array.from(text, (c) => c.charCodeAt(0))]
const APP_LOCAL = [...word('app'), ...word('local'), 0]

/** Header: id, flags, and how many questions, answers, authorities and additional records follow. */
const header = (flags: number, ...counts: number[]): number[] => [
  ...b(0x12, 0x34, flags >> 8, flags & 0xff),
  ...[0, 1, 2, 3].flatMap((n) => [0, counts[n] ?? 0]),
]

const RESPONSE = [
  ...header(0x8180, 1, 3), // response, recursion desired and available
  ...APP_LOCAL, // at 12
  ...b(0, 1, 0, 1), // A, IN
  ...b(0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 30, 0, 5, 2, 0x64, 0x62, 0xc0, 16), // app.local CNAME db.local, 30 s
  ...b(0xc0, 39, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 10, 2, 0, 1), // db.local A 10.2.0.1, 5 s
  ...b(0xc0, 39, 0, 28, 0, 1, 0, 0, 0, 5, 0, 16, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
]

const read = (bytes: number[]): ReturnType<typeof readDns> => readDns(Uint8Array.from(bytes), 0, bytes.length)
function message(bytes: number[]): DnsMessage {
  const result = read(bytes)
  if (result.message === null) throw new Error('no message')
  return result.message
}

test('a query', () => {
  const query = [...header(0x0100, 1), ...APP_LOCAL, 0, 28, 0, 1]
  expect(read(query)).toMatchObject({ is: 'complete', end: query.length })
  expect(message(query)).toMatchObject({
    id: 0x1234,
    isResponse: false,
    opcode: 0,
    rcode: 0,
    truncated: false,
    incomplete: false,
    questions: [{ name: 'app.local', type: 'AAAA' }],
    answers: [],
  })
})

test('a response with compressed names', () => {
  expect(message(RESPONSE)).toMatchObject({ isResponse: true, rcodeName: 'NOERROR' })
  expect(message(RESPONSE).answers).toEqual([
    { name: 'app.local', type: 'CNAME', ttl: 30, data: 'db.local' },
    { name: 'db.local', type: 'A', ttl: 5, data: '10.2.0.1' },
    { name: 'db.local', type: 'AAAA', ttl: 5, data: '2001:db8::1' },
  ])
})

test('SRV, and a type without a name', () => {
  const srv = [...header(0x8000, 0, 2), 0, 0, 33, 0, 1, 0, 0, 0, 5, 0, 17, 0, 1, 0, 2, 0x1f, 0x90, ...APP_LOCAL]
  expect(message([...srv, 0, 0xff, 0, 0, 1, 0, 0, 0, 5, 0, 1, 7]).answers).toEqual([
    { name: '.', type: 'SRV', ttl: 5, data: '1 2 8080 app.local' },
    { name: '.', type: 'TYPE65280', ttl: 5, data: '' },
  ])
})

describe('response codes', () => {
  test.each([
    [0x8182, 'SERVFAIL'],
    [0x8183, 'NXDOMAIN'],
    [0x8185, 'REFUSED'],
    [0x818f, 'RCODE15'],
  ])('%i is %s', (flags, name) => {
    expect(message(header(flags)).rcodeName).toBe(name)
  })

  test('EDNS adds the upper bits', () => {
    const opt = [0, 0, 41, 4, 0xd0, 1, 0, 0, 0, 0, 0] // root, OPT, size 1232, upper bits 1, version 0, flags, length
    expect(message([...header(0x8180, 0, 0, 0, 1), ...opt])).toMatchObject({ rcode: 16, rcodeName: 'BADVERS' })
  })
})

test('odd bytes of a name are escaped', () => {
  const name = [5, 0x61, 0x2e, 0x5c, 0x0a, 0xff, 0] // a . \ line feed 255
  expect(message([...header(0, 1), ...name, 0, 1, 0, 1]).questions[0].name).toBe('a\\.\\\\\\010\\255')
})

describe('what cannot be read', () => {
  test('cut anywhere: what stands before is kept', () => {
    for (let end = 0; end < RESPONSE.length; end++) {
      const result = read(RESPONSE.slice(0, end))
      expect(result.is).toBe('incomplete')
      expect(result.message?.incomplete ?? true).toBe(true)
    }
    expect(message(RESPONSE.slice(0, 60)).answers).toHaveLength(2)
    expect(message(RESPONSE.slice(0, 59)).answers).toHaveLength(1)
  })

  test('truncated by the server is not incomplete', () => {
    expect(message(header(0x8380))).toMatchObject({ truncated: true, incomplete: false })
  })

  test.each([
    ['pointer to itself', [0xc0, 12, 0, 1, 0, 1]],
    ['pointer ahead', [0xc0, 20, 0, 1, 0, 1, 0, 0, 0, 0]],
    ['loop over a label', [1, 0x61, 0xc0, 12, 0, 1, 0, 1]],
    ['label type 01', [0x41, 0, 1, 0, 1]],
  ])('malformed: %s', (_name, name) => {
    expect(read([...header(0, 1), ...name])).toMatchObject({ is: 'malformed', message: { incomplete: true } })
  })

  test('malformed: an address of the wrong length', () => {
    const record = [0, 0, 1, 0, 1, 0, 0, 0, 5, 0, 3, 10, 2, 0]
    expect(read([...header(0x8000, 0, 1), ...record])).toMatchObject({ is: 'malformed', fault: { at: 23 } })
  })

  test('any bytes never throw, nor are bytes behind the end looked at', () => {
    const changes = fc.array(fc.tuple(fc.nat({ max: 120 }), fc.nat({ max: 255 })), { maxLength: 4 })
    fc.assert(
      fc.property(changes, fc.nat({ max: 120 }), (edits, cut) => {
        const bytes = Uint8Array.from(RESPONSE)
        for (const [at, value] of edits) bytes[at % bytes.length] = value
        const end = Math.min(cut, bytes.length)
        expect(readDns(bytes, 0, end)).toEqual(readDns(bytes.slice(0, end), 0, end))
      }),
      { numRuns: 1000 },
    )
  })
})

test('over TCP: messages behind their lengths, the last one cut', () => {
  const framed = Uint8Array.from([0, RESPONSE.length, ...RESPONSE, 0, RESPONSE.length, ...RESPONSE.slice(0, 40)])
  expect(dnsTcpLength(framed, 0, framed.length)).toBe(RESPONSE.length)
  expect(dnsTcpLength(framed, 0, 1)).toBe(-1)
  expect(readDnsTcp(framed, 0, framed.length).map((result) => result.is)).toEqual(['complete', 'incomplete'])
})
