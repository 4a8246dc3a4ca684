// What must be true of every ladder, whatever it shows.
import type { FrameRef, Incident, Ladder } from '@pcap-surgery/core'

const keyOf = ({ capture, frame }: FrameRef): string => `${capture}#${frame}`

/** What is wrong with the ladder of an incident, a line each. */
export function wrongsOf(ladder: Ladder, { findings, timeline, ruledOut, competing }: Incident): string[] {
  const { lanes, connections, arrows } = ladder
  const drawn = arrows.flatMap(({ frames }) => frames.map(keyOf))
  const known = new Set(drawn)
  const cited = [findings, timeline, ruledOut, competing].flatMap((list) => list.flatMap(({ frames }) => frames))
  const isLane = (lane: number | null): boolean => lane === null || lane in lanes
  return [
    ...cited.filter((ref) => !known.has(keyOf(ref))).map((ref) => `cited and not drawn: ${keyOf(ref)}`),
    ...(known.size < drawn.length ? ['a frame is drawn twice'] : []),
    ...(lanes.length < 2 ? ['fewer than two lanes'] : []),
    ...arrows.flatMap((arrow, i) => {
      const { seconds, arrivalSeconds, from, to, connection, lost, label, frames } = arrow
      return [
        ...(i > 0 && seconds < arrows[i - 1]!.seconds ? [`${label} comes before its time`] : []),
        ...(arrivalSeconds !== null && arrivalSeconds < seconds ? [`${label} arrives before it left`] : []),
        ...(lost && arrivalSeconds !== null ? [`${label} arrives and is lost`] : []),
        ...(isLane(from) && isLane(to) ? [] : [`${label} is between no lanes`]),
        ...(connection === null || connection in connections ? [] : [`${label} is of no connection`]),
        ...(label === '' || frames.length === 0 ? ['an arrow says nothing'] : []),
      ]
    }),
    ...connections.flatMap(({ client, clientLane, serverLane }) =>
      isLane(clientLane) && isLane(serverLane) && clientLane !== serverLane ? [] : [`${client} lacks a lane`],
    ),
  ]
}
