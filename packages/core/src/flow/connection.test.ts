import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ACK, FIN, PSH, RST, SYN } from '../wire/tcp.ts'
import { ConnectionTracker, type StreamEvents } from './connection.ts'
import { Held } from './half.ts'
import { PacketBudget } from './packet-log.ts'
import { RecentPackets } from './recent.ts'
import { createSegment, type Segment } from './segment.ts'

const PAYLOAD = new Uint8Array(3000)
const MOMENT = { frame: 1, time: 0 }
const nobody: StreamEvents = { sink: () => null, closed() {}, reset() {} }
const create = (): ConnectionTracker => new ConnectionTracker(MOMENT, new Held(), new RecentPackets(1024))

/** Any segment of either side, its numbers near each other, so that holes, repetitions and probes occur. */
const segment = fc.record({
  from: fc.constantFrom(0 as const, 1 as const),
  flags: fc.constantFrom(SYN, SYN | ACK, ACK, ACK, PSH | ACK, FIN | ACK, RST, RST | ACK),
  seq: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 1000, max: 6000 }) },
    { weight: 1, arbitrary: fc.constant(3e9) },
  ),
  ack: fc.integer({ min: 1000, max: 6000 }),
  length: fc.constantFrom(0, 1, 10, 1460),
  window: fc.constantFrom(0, 100, 65_535),
  ipId: fc.integer({ min: 0, max: 5 }),
})

type Sent = typeof segment extends fc.Arbitrary<infer T> ? T : never

function play(tracker: ConnectionTracker, sent: readonly Sent[], since: number): boolean[] {
  return sent.map(({ from, length, ...fields }, i) => {
    const s: Segment = { ...createSegment(), ...fields, length, bytes: PAYLOAD, at: 0, end: length }
    return tracker.segment(from, { ...s, frame: since + i, time: (since + i) * 1e6, link: 1, ttl: 64 }, nobody)
  })
}

/** What its record is made of. */
const told = (tracker: ConnectionTracker): object => ({
  halves: tracker.halves.map((half) => ({ ...half, lastNumber: 0 })),
  packets: new PacketBudget().keep(tracker.log),
  closed: tracker.closed,
  established: tracker.established,
  repeats: tracker.synAckRepeats,
  syns: tracker.syns,
})

test('renewed, says of a connection what a new one says, whatever it served before', () => {
  const connection = fc.array(segment, { maxLength: 30 })
  fc.assert(
    fc.property(connection, connection, (before, sent) => {
      const used = create()
      play(used, before, 1)
      used.end(nobody)
      used.renew(MOMENT)
      const fresh = create()
      // Every public field of the connection and of its sides.
      expect(used).toEqual(fresh)
      const since = before.length + 1
      // Repeated at once, to ask for what is not public: holes, probes, what is late.
      expect(play(used, sent, since)).toEqual(play(fresh, sent, since))
      for (const tracker of [used, fresh]) tracker.end(nobody)
      expect(told(used)).toEqual(told(fresh))
    }),
  )
})
