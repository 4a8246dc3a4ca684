import { expect, test } from 'vitest'
import { withFewerLanes } from './ladder-fewer.ts'
import type { Arrow, Ladder, LadderConnection, Lane } from './ladder.ts'

const lane = (name: string): Lane => ({ role: 'host', addresses: [], name, host: null })
const connection = (clientLane: number, serverLane: number): LadderConnection =>
  ({ client: `${clientLane}`, server: `${serverLane}`, clientLane, serverLane }) as LadderConnection
const arrow = (from: number, to: number | null, own: number | null, deciding = false): Arrow =>
  ({ label: `${from} to ${to}`, from, to, connection: own, deciding }) as Arrow

/** A client, a proxy, five upstreams in a row, and a router that says why the fourth was not reached. */
const LADDER: Ladder = {
  lanes: ['client', 'proxy', 'a', 'b', 'c', 'd', 'e', 'router'].map(lane),
  connections: [connection(0, 1), ...[2, 3, 4, 5, 6].map((server) => connection(1, server))],
  arrows: [
    arrow(0, 1, 0),
    ...[2, 3, 4, 5, 6].map((server) => arrow(1, server, server - 1)),
    arrow(7, 1, 4, true),
    arrow(1, null, null),
    arrow(7, null, null),
  ],
  leftOut: { lanes: 0, packets: 0 },
}

test('lanes of what decides and of its connection stay, then the first ones, in their order', () => {
  const { lanes, connections, arrows, leftOut } = withFewerLanes(LADDER, 5)
  expect(lanes.map(({ name }) => name)).toEqual(['client', 'proxy', 'a', 'd', 'router'])
  expect(connections.map(({ clientLane, serverLane }) => [clientLane, serverLane])).toEqual([
    [0, 1],
    [1, 2],
    [1, 3],
  ])
  expect(arrows.map(({ label, from, to, connection: own }) => [label, from, to, own])).toEqual([
    ['0 to 1', 0, 1, 0],
    ['1 to 2', 1, 2, 1],
    ['1 to 5', 1, 3, 2],
    ['7 to 1', 4, 1, 2],
    ['1 to null', 1, null, null],
    ['7 to null', 4, null, null],
  ])
  expect(leftOut).toEqual({ lanes: 3, packets: 3 })
})

test('what is left out adds up; what fits is left alone', () => {
  expect(withFewerLanes(LADDER, 8)).toBe(LADDER)
  const fewer = withFewerLanes(withFewerLanes(LADDER, 5), 3)
  expect(fewer.leftOut).toEqual({ lanes: 5, packets: 5 })
  expect(fewer.lanes.map(({ name }) => name)).toEqual(['proxy', 'd', 'router'])
})
