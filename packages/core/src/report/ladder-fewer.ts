// A ladder of so few hosts that it can be drawn: a request may have been tried at thousands.
import type { Arrow, Ladder } from './ladder.ts'

/**
 * The ladder with so many lanes at most: those of packets that decide, then the others from the client on. Packets and
 * connections of the others are left out, and counted.
 */
export function withFewerLanes(ladder: Ladder, most: number): Ladder {
  const { lanes, connections, arrows, leftOut } = ladder
  if (lanes.length <= most) return ladder
  const kept = new Set<number>()
  const keep = (lane: number | null): void => {
    if (lane !== null && kept.size < most) kept.add(lane)
  }
  for (const arrow of arrows) if (arrow.deciding) lanesOf(ladder, arrow).forEach(keep)
  for (const lane of lanes.keys()) keep(lane)

  const places = new Map([...kept].toSorted((a, b) => a - b).map((lane, place) => [lane, place]))
  const withinLanes = [...connections.keys()].filter((i) => {
    const { clientLane, serverLane } = connections[i]!
    return places.has(clientLane) && places.has(serverLane)
  })
  const indices = new Map(withinLanes.map((connection, index) => [connection, index]))
  const drawn = arrows.filter(
    ({ from, to, connection }) =>
      places.has(from) && (to === null || places.has(to)) && (connection === null || indices.has(connection)),
  )
  return {
    lanes: [...places.keys()].map((lane) => lanes[lane]!),
    connections: withinLanes.map((i) => {
      const { clientLane, serverLane } = connections[i]!
      return { ...connections[i]!, clientLane: places.get(clientLane)!, serverLane: places.get(serverLane)! }
    }),
    arrows: drawn.map((arrow) => ({
      ...arrow,
      from: places.get(arrow.from)!,
      to: arrow.to === null ? null : places.get(arrow.to)!,
      connection: arrow.connection === null ? null : indices.get(arrow.connection)!,
    })),
    leftOut: {
      lanes: leftOut.lanes + lanes.length - places.size,
      packets: leftOut.packets + arrows.length - drawn.length,
    },
  }
}

/** Where it starts and ends, and its connection: an ICMP error is about one that it need not run along. */
function lanesOf({ connections }: Ladder, { from, to, connection }: Arrow): (number | null)[] {
  const own = connection === null ? undefined : connections[connection]
  return own === undefined ? [from, to] : [from, to, own.clientLane, own.serverLane]
}
