import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PacketBlocks, PacketBudget, packetsIn, PacketLog } from './packet-log.ts'
import { createSegment } from './segment.ts'

const log = (from: number, to: number, into = new PacketLog()): PacketLog => {
  const segment = createSegment()
  for (let frame = from; frame <= to; frame++) {
    segment.frame = frame
    into.add(segment, 0, 0, -1, 0, -1, 0)
  }
  return into
}
const frames = (
  of: PacketLog,
  before?: number,
  most?: number,
): [first: number, last: number, kept: number, out: number] => {
  const { packets: rows, omitted } = of.read(before, most)
  const packets = packetsIn(rows)
  return [packets[0]?.frame ?? 0, packets.at(-1)?.frame ?? 0, packets.length, omitted]
}

test('a packet comes back as it was put in, also with the largest numbers', () => {
  const largest = { frame: 7, time: 5e12, flags: 0xff, length: 65_535, ttl: 255, ipId: 65_535 }
  const none = { frame: 8, time: 0, flags: 0, length: 0, ttl: 0, ipId: -1 }
  const into = new PacketLog()
  into.add({ ...createSegment(), ...largest }, 1, 2 ** 40, 2 ** 40, 2 ** 30, 2 ** 40, 0xff)
  into.add({ ...createSegment(), ...none }, 0, 0, -1, 0, -1, 0)
  expect(packetsIn(into.read().packets)).toEqual([
    { ...largest, from: 1, seq: 2 ** 40, ack: 2 ** 40, window: 2 ** 30, sack: 2 ** 40, marks: 0xff },
    { ...none, from: 0, seq: 0, ack: -1, window: 0, sack: -1, marks: 0 },
  ])
})

test('few packets are all kept', () => {
  expect(frames(log(1, 50))).toEqual([1, 50, 50, 0])
  expect(frames(log(1, 50), 20)).toEqual([1, 19, 19, 0])
})

test('of many packets the first and the last ones, and how many lay between', () => {
  expect(frames(log(1, 1000))).toEqual([1, 1000, 256, 744])
  expect(frames(log(1, 1000), 50)).toEqual([1, 49, 49, 0])
  expect(frames(log(1, 1000), Infinity, 32)).toEqual([1, 1000, 32, 968])
})

test('a cut forgets what came before, in a log of any length', () => {
  const property = fc.property(fc.nat(1200), fc.nat(1300), fc.nat(300), (count, cut, more) => {
    const cutLog = log(1, count)
    cutLog.cut(cut)
    log(count + 1, count + more, cutLog)
    const { packets, omitted } = cutLog.read()
    const rows = packetsIn(packets).map(({ frame }) => frame)
    expect(rows).toEqual(rows.toSorted((a, b) => a - b))
    expect(rows.every((frame) => frame >= Math.min(cut, count + 1))).toBe(true)
    // A cut among packets that were overwritten already cannot tell how many of them it cut off.
    const left = count + more - Math.max(0, Math.min(cut - 1, count))
    expect(rows.length + omitted).toBeGreaterThanOrEqual(left)
    expect(rows.length + omitted).toBeLessThanOrEqual(left + Math.max(0, count - 256))
  })
  fc.assert(property)
})

test('the blocks of a log that is over serve the next ones, which show nothing of it', () => {
  const blocks = new PacketBlocks()
  log(1, 300, new PacketLog(blocks)).release()
  const [one, two] = [new PacketLog(blocks), new PacketLog(blocks)]
  expect(frames(one)).toEqual([0, 0, 0, 0])
  log(1, 300, one)
  log(301, 600, two)
  expect(frames(one)).toEqual([1, 300, 256, 44])
  expect(frames(two)).toEqual([301, 600, 256, 44])
})

test('when very many were kept, the next logs give few, then none, and say so', () => {
  const budget = new PacketBudget()
  let kept = 0
  for (let i = 0; i < 40_000; i++) {
    const { packets: rows, omitted } = budget.keep(log(1, 300))
    const packets = packetsIn(rows)
    expect(packets.length + omitted).toBe(300)
    kept += packets.length
  }
  expect(kept).toBeLessThan(1_001_000)
})
