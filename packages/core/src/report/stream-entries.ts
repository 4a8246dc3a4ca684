// What a try's HTTP/2 stream said, line by line: frames by their names (RFC 9113 section 6), codes by theirs.
import { http2ErrorName } from '../app/http2/errors.ts'
import { grpcStatusName } from '../app/http2/grpc.ts'
import type { Facts } from '../diagnose/facts.ts'
import {
  type End,
  type Goaway,
  type Stall,
  type StreamFacts,
  type StreamReset,
  windowName,
} from '../diagnose/stream.ts'
import type { Exchange } from '../observe/observations.ts'
import type { FrameRef } from './document.ts'

/** GOAWAYs further from the request than this, in nanoseconds, are no part of its story. */
const NEAR_NS = 60e9

export interface StreamEntry {
  at: number
  by: End
  text: string
  frame: FrameRef
}

/** In no order; empty for a try that HTTP/2 did not carry. */
export function streamEntries({ near, stream, asked, gaveUp }: Facts): StreamEntry[] {
  const { exchange } = near
  if (stream === null || exchange === null) return []
  const on = `stream ${stream.id}`
  const entries: StreamEntry[] = []
  const add = (by: End, moment: { frame: number; time: number } | null, text: string): void => {
    if (moment !== null && moment.frame >= 0) entries.push({ at: near.at(moment), by, text, frame: near.ref(moment) })
  }
  const { request, requestEnd, response, detail } = exchange
  add('proxy', request, `HEADERS, ${on}: ${exchange.method} ${exchange.target}`)
  if (requestEnd.frame > request.frame)
    add('proxy', requestEnd, `end of the request, ${on} (${exchange.bodyLength} bytes)`)
  add(
    'upstream',
    response,
    `HEADERS, ${on}: ${exchange.status > 0 ? `status ${exchange.status}` : 'no status'}${grpc(exchange)}`,
  )
  const last = detail?.responseLast ?? null
  if (last !== null && last.frame > response.frame) {
    const end = exchange.ended === 'complete' ? 'end' : 'last bytes'
    add('upstream', last, `${end} of the response, ${on} (${exchange.responseBytes} bytes)${grpc(exchange)}`)
  }
  const isNear = (at: number): boolean => at >= asked - NEAR_NS && (at <= gaveUp + NEAR_NS || gaveUp === Infinity)
  for (const { by, at, frame, text } of spoken(stream)) if (isNear(at)) entries.push({ at, by, text, frame })
  return entries
}

const grpc = ({ grpcStatus }: Exchange): string =>
  grpcStatus > 0 ? `, grpc-status ${grpcStatus} (${grpcStatusName(grpcStatus)})` : ''

/** What the two sides said besides request and response. */
export function spoken(stream: StreamFacts): StreamEntry[] {
  const { reset, goaways, stalls } = stream
  return [
    ...(reset === null ? [] : [{ ...reset, text: resetText(reset, stream.id) }]),
    ...goaways.map((goaway) => ({ ...goaway, text: goawayText(goaway) })),
    ...stalls.map((stall) => ({ ...stall, text: stallText(stall) })),
  ]
}

const resetText = ({ code }: StreamReset, id: number): string => `RST_STREAM ${http2ErrorName(code)}, stream ${id}`

const goawayText = ({ code, lastStream }: Goaway): string => `GOAWAY ${http2ErrorName(code)}, last stream ${lastStream}`

const stallText = (stall: Stall): string => `${windowName(stall)} used up`
