// gRPC over a gateway: HTTP says 200, and what failed stands in grpc-status.
// https://github.com/grpc/grpc/blob/master/doc/statuscodes.md
import { grpcStatusName } from '../app/http2/grpc.ts'
import type { Exchange } from '../observe/observations.ts'
import { serverView, type Request, type Story } from '../story/story.ts'
import type { Judgement } from './judgement.ts'
import { frameRef } from './view.ts'

/** What gateways make of 502 and 503, and of 504: UNAVAILABLE and DEADLINE_EXCEEDED. */
const GATEWAY_FAILURES: ReadonlySet<number> = new Set([14, 4])

/** A gRPC answer that says that no server could be reached, or not in time. Its HTTP status is that of a success. */
export const isGrpcFailure = ({ status, grpcStatus }: Exchange): boolean =>
  status === 200 && GATEWAY_FAILURES.has(grpcStatus)

/** Adds what the client was really told. */
export function withGrpcStatus(judgement: Judgement, story: Story, { turn }: Request): Judgement {
  const { exchange, sighting } = serverView(turn)
  if (!isGrpcFailure(exchange)) return judgement
  const status = `grpc-status ${exchange.grpcStatus} (${grpcStatusName(exchange.grpcStatus)})`
  return {
    ...judgement,
    summary: `${judgement.summary} The client got ${status}.`,
    findings: [
      ...judgement.findings,
      {
        text: `${status} to the client, with HTTP status ${exchange.status}`,
        frames: [frameRef(story, sighting.capture, exchange.response.frame)],
      },
    ],
  }
}
