import { join, opaqueRecord, tlsRecord } from '@pcap-surgery/testkit'
import { expect, test } from 'vitest'
import { RecordReader, type RecordSink } from './records.ts'

/** Bytes, or a number of bytes that are missing. */
type Step = Uint8Array | number | 'END'

/** Every step is a frame, counted from 1. */
function read(...steps: Step[]): string[] {
  const lines: string[] = []
  const sink: RecordSink = {
    header(record) {
      lines.push(`header ${record.type} ${record.length} at ${record.first.offset}#${record.first.frame}`)
      return record.type !== 23
    },
    hole: (_record, length, frame) => lines.push(`hole ${length} #${frame}`),
    record(record, b, at, end, missing, last, whole) {
      const body = end > at ? ` [${b.subarray(at, end).join(' ')}]` : ''
      const how = (missing > 0 ? ` missing ${missing}` : '') + (whole ? '' : ' cut')
      lines.push(`record ${record.type}${body}${how} to ${last.offset}#${last.frame}`)
    },
    mayProbe: () => false,
    probe: () => false,
    lost: (length, frame) => lines.push(`lost ${length} #${frame}`),
    broken: (at) => lines.push(`broken at ${at.offset}#${at.frame}`),
    foreign: (looksLike, first) => lines.push(`foreign ${looksLike} at ${first.offset}#${first.frame}`),
  }
  const reader = new RecordReader(sink, true)
  steps.forEach((step, i) => {
    if (step === 'END') reader.finish(i + 1, i + 1)
    else if (typeof step === 'number') reader.gap(step, i + 1, i + 1)
    else reader.push(step, 0, step.length, i + 1, i + 1)
  })
  return lines
}

const hello = tlsRecord(22, [1, 0, 0, 1, 7])
const text = (s: string): Uint8Array => Uint8Array.from(s, (c) => c.charCodeAt(0))

test('two records in one push', () => {
  expect(read(join(hello, opaqueRecord(3)))).toEqual([
    'header 22 5 at 0#1',
    'record 22 [1 0 0 1 7] to 9#1',
    'header 23 3 at 10#1',
    'record 23 to 17#1',
  ])
})

test('one record in three, header and body split', () => {
  const whole = ['header 22 5 at 0#1', 'record 22 [1 0 0 1 7] to 9#3']
  expect(read(hello.subarray(0, 2), hello.subarray(2, 7), hello.subarray(7))).toEqual([...whole])
})

test('a hole in a body leads on to the next header', () => {
  expect(read(opaqueRecord(100).subarray(0, 25), 80, hello)).toEqual([
    'header 23 100 at 0#1',
    'hole 80 #2',
    'record 23 missing 80 to 104#2',
    'header 22 5 at 105#3',
    'record 22 [1 0 0 1 7] to 114#3',
  ])
})

test('a body that is wanted is told up to its hole', () => {
  expect(read(hello.subarray(0, 7), 2, hello.subarray(9))).toEqual([
    'header 22 5 at 0#1',
    'hole 2 #2',
    'record 22 [1 0] missing 2 to 9#3',
  ])
})

test('behind a hole that hides a header, the next packet that begins with one', () => {
  const inside = new Uint8Array(50).fill(0x17)
  expect(read(opaqueRecord(20).subarray(0, 15), 40, inside, join(opaqueRecord(9), hello.subarray(0, 3)))).toEqual([
    'header 23 20 at 0#1',
    'hole 10 #2',
    'record 23 missing 10 to 24#2',
    'lost 30 #2',
    'lost 50 #3',
    'header 23 9 at 105#4',
    'record 23 to 118#4',
  ])
})

test('what looks like a header, but what it announces ends in no other', () => {
  const chance = join(opaqueRecord(9), new Uint8Array(20))
  expect(read(0, chance, hello)).toEqual(['lost 34 #2', 'header 22 5 at 34#3', 'record 22 [1 0 0 1 7] to 43#3'])
})

test('another protocol', () => {
  expect(read(text('HTTP/1.1 400 Bad Request\r\n'), 'END')).toEqual(['foreign http1-response at 0#1'])
  expect(read(text('\x16'), text('\x04\x01'), 'END')).toEqual(['foreign unknown at 0#1'])
  expect(read(tlsRecord(22, []), 'END')).toEqual(['foreign unknown at 0#1'])
})

test('no header behind good records', () => {
  expect(read(join(hello, text('what is this?')), hello)).toEqual([
    'header 22 5 at 0#1',
    'record 22 [1 0 0 1 7] to 9#1',
    'broken at 10#1',
    'lost 13 #1',
    'header 22 5 at 23#2',
    'record 22 [1 0 0 1 7] to 32#2',
  ])
})

test('a hello in SSL 2.0 form', () => {
  const body = [1, 3, 1, 0, 3, 0, 0, 0, 16, 0, 0, 47, ...Array.from({ length: 16 }, () => 9)]
  const lines = read(Uint8Array.of(0x80, body.length, ...body.slice(0, 1)), Uint8Array.from(body.slice(1)))
  expect(lines).toEqual(['header 128 28 at 0#1', `record 128 [${body.join(' ')}] to 29#2`])
})

test('the stream ends in a record, or in a header', () => {
  expect(read(opaqueRecord(100).subarray(0, 30), 'END')).toEqual([
    'header 23 100 at 0#1',
    'record 23 missing 75 cut to 29#2',
  ])
  expect(read(hello.subarray(0, 4), 'END')).toEqual([])
})

test('an empty record is one', () => {
  expect(read(join(opaqueRecord(0), opaqueRecord(1)))).toEqual([
    'header 23 0 at 0#1',
    'record 23 to 4#1',
    'header 23 1 at 5#1',
    'record 23 to 10#1',
  ])
})
