import { expect, test } from 'vitest'
import { RecentPackets } from './recent.ts'
import { createSegment, type Segment } from './segment.ts'

const packet = (frame: number, seq: number, rest: Partial<Segment> = {}): Segment => ({
  ...createSegment(),
  frame,
  seq,
  time: frame * 1000,
  ipId: seq,
  length: 100,
  link: 1,
  ...rest,
})

/** Packets 1 to `count` of two directions that take turns; answers the number of the last one of the first. */
function two(recent: RecentPackets, count: number): number {
  const last = [0, 0]
  for (let i = 0; i < 2 * count; i++) last[i % 2] = recent.add(packet(i, 1 + (i >> 1), { flags: i % 2 }), last[i % 2])
  return last[0]
}

test('a copy is found among the packets of its direction', () => {
  const recent = new RecentPackets()
  const last = two(recent, 10)
  expect(recent.holdsCopyOf(packet(30, 4, { link: 2 }), last, -1)).toBe(true)
  expect(recent.holdsCopyOf(packet(30, 4, { link: 2, length: 99 }), last, -1)).toBe(false)
  expect(recent.holdsCopyOf(packet(30, 4, { link: 2, flags: 1 }), last, -1)).toBe(false)
})

test('what the ring has written over is forgotten, and never taken for something else', () => {
  const recent = new RecentPackets(8)
  const last = two(recent, 10)
  const found = Array.from({ length: 10 }, (_, i) => recent.holdsCopyOf(packet(30, 1 + i, { link: 2 }), last, -1))
  // Of eight packets left every other one is of this direction.
  expect(found).toEqual([...Array<boolean>(6).fill(false), true, true, true, true])
})
