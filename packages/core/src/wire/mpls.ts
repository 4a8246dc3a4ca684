// MPLS label stack (RFC 3032). Nothing in it says what follows, so the first nibble behind the stack is the guess.
import type { Bytes } from '../bytes/read.ts'

export const LABEL = 4

export const isBottom = (b: Bytes, at: number): boolean => (b[at + 2] & 1) !== 0

/** Pseudowire control word (RFC 4385): nibble 0, so that it is never taken for IP. */
export const CONTROL_WORD = 4
