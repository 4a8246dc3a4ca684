// gRPC over HTTP/2: status, message and timeout as its headers and trailers carry them.
// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md

const STATUSES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
]

/** Nanoseconds of one unit of `grpc-timeout`. */
const UNITS: { readonly [unit: string]: number } = { H: 3600e9, M: 60e9, S: 1e9, m: 1e6, u: 1e3, n: 1 }

/** Whether a `content-type` is gRPC's. */
export const isGrpc = (contentType: string | null): boolean =>
  contentType !== null && /^application\/grpc(?:$|[+; ])/i.test(contentType)

/** The number in a `grpc-status` field, 0 is success; -1 where it is none. */
export const grpcStatus = (value: string | null): number =>
  value !== null && /^\d{1,4}$/.test(value) ? Number(value) : -1

/** `UNAVAILABLE`; a status that has no name as `status 42`. */
export const grpcStatusName = (status: number): string => STATUSES[status] ?? `status ${status}`

/** Text of a `grpc-message` field: percent-encoded UTF-8. What is no valid encoding stays as it is. */
export function grpcMessage(value: string): string {
  if (!value.includes('%')) return value
  const bytes: number[] = []
  for (let i = 0; i < value.length; i++) {
    const hex = /^%[\da-f]{2}/i.test(value.slice(i, i + 3)) ? value.slice(i + 1, i + 3) : ''
    bytes.push(hex === '' ? value.charCodeAt(i) & 0xff : Number.parseInt(hex, 16))
    i += hex.length
  }
  return new TextDecoder().decode(Uint8Array.from(bytes))
}

/** `grpc-timeout`, up to eight digits and a unit, in nanoseconds; -1 where it is none. */
export function grpcTimeout(value: string | null): number {
  const parts = value === null ? null : /^(\d{1,8})([HMSmun])$/.exec(value)
  return parts === null ? -1 : Number(parts[1]) * UNITS[parts[2]!]!
}
