import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Half, Held, type StreamSink } from './half.ts'

const letters = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0))

/** What was handed on: letters, and a dot for each byte that is missing. */
function reader(): StreamSink & { text: string } {
  return {
    text: '',
    push(bytes, at, end) {
      this.text += String.fromCharCode(...bytes.subarray(at, end))
    },
    gap(length) {
      this.text += '.'.repeat(length)
    },
  }
}

function send(half: Half, sink: StreamSink, position: number, text: string, length = text.length): void {
  half.book(position, length)
  half.deliver(sink, position, length, letters(text), 0, text.length, 1, 0)
}

describe('positions', () => {
  test('wrap with the sequence number and go on behind 4 GiB', () => {
    const half = new Half()
    half.start(0xffff_fffe)
    expect([half.position(0xffff_fffe), half.position(0xffff_ffff), half.position(0), half.position(99)]).toEqual([
      0, 1, 2, 101,
    ])
    const step = 2 ** 29
    let seq = 0xffff_ffff
    for (let i = 0; i < 20; i++) {
      expect(half.position(seq)).toBe(1 + i * step)
      half.book(half.position(seq), step)
      seq = (seq + step) >>> 0
    }
    expect(half.bytes).toBe(20 * step)
  })

  test('do not depend on numbers that nothing was booked for', () => {
    const half = new Half()
    half.start(1000)
    for (const garbage of [0x4000_0000, 0x7000_0000, 0xb000_0000, 0xf000_0000]) half.position(garbage)
    expect(half.position(1001)).toBe(1)
  })
})

describe('reassembly', () => {
  test('in order, repeated, overlapping, ahead', () => {
    const [half, sink] = [new Half(), reader()]
    for (const [position, text] of [
      [1, 'ab'],
      [1, 'ab'],
      [2, 'bcd'],
      [7, 'gh'],
      [5, 'ef'],
    ] as const) {
      send(half, sink, position, text)
    }
    expect(sink.text).toBe('abcdefgh')
    expect([half.bytes, half.waiting]).toEqual([8, -1])
  })

  test('bytes that the snap length cut are missing, and known to be', () => {
    const [half, sink] = [new Half(), reader()]
    send(half, sink, 1, 'ab', 4)
    send(half, sink, 5, 'ef')
    expect(sink.text).toBe('ab..ef')
  })

  test('a hole is given up: what was acknowledged is missing in the capture, the rest was lost on the wire', () => {
    const [half, sink] = [new Half(), reader()]
    send(half, sink, 1, 'a')
    send(half, sink, 6, 'f')
    half.acknowledge(4)
    half.skipTo(sink, half.waiting, 9, 0)
    expect(sink.text).toBe('a....f')
    expect(half.missing).toBe(2)
  })

  test('any segments that cover the stream, in any order, give the stream', () => {
    const text = 'The quick brown fox jumps over the lazy dog'
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: text.length - 1 }))
    const extra = fc.array(fc.tuple(fc.nat(text.length - 1), fc.integer({ min: 1, max: 9 })))
    const property = fc.property(cuts, extra, fc.infiniteStream(fc.nat(1000)), (places, more, dice) => {
      const edges = [0, ...places.toSorted((a, b) => a - b), text.length]
      const segments = [
        ...edges.slice(1).map((to, i) => [edges[i]!, to] as const),
        ...more.map(([from, length]) => [from, Math.min(text.length, from + length)] as const),
      ]
      const shuffled = segments.map((segment) => ({ segment, at: dice.next().value! })).toSorted((a, b) => a.at - b.at)
      const [half, sink, held] = [new Half(), reader(), new Held()]
      for (const { segment } of shuffled) send(half, sink, 1 + segment[0], text.slice(...segment))
      expect(sink.text).toBe(text)
      expect([half.bytes, half.missing, held.left]).toEqual([text.length, 0, new Held().left])
    })
    fc.assert(property, { numRuns: 300 })
  })
})

const sizes = (half: Half): number[] => [half.largest, half.largestAcked]

describe('the largest acknowledged segment', () => {
  test('is known while data is always in flight', () => {
    const half = new Half()
    half.book(1, 100)
    half.book(101, 1460)
    half.acknowledge(101)
    expect(sizes(half)).toEqual([1460, 100])
    half.book(1561, 1460)
    half.acknowledge(1561)
    expect(sizes(half)).toEqual([1460, 1460])
  })

  test('is not one that came through only in pieces', () => {
    const half = new Half()
    half.book(1, 1460)
    for (let at = 1; at < 1461; at += 500) {
      half.book(at, Math.min(500, 1461 - at))
      half.acknowledge(Math.min(at + 500, 1461))
    }
    expect(sizes(half)).toEqual([1460, 500])
  })
})

describe('bounds', () => {
  test('many holes in many connections hold back no more than their budget', () => {
    const held = new Held(10_000)
    const halves = Array.from({ length: 50 }, () => new Half(held))
    const sinks = halves.map(() => reader())
    for (let i = 0; i < 40; i++) halves.forEach((half, n) => send(half, sinks[n]!, 3 + 2 * i, 'x'))
    expect(held.left).toBeGreaterThanOrEqual(0)
    halves.forEach((half, n) => half.skipTo(sinks[n]!, half.waiting, 1, 1))
    expect(held.left).toBe(10_000)
    expect(new Set(sinks.map((sink) => sink.text))).toEqual(new Set(['..x' + '.x'.repeat(39)]))
  })
})
