// PPPoE session stage (RFC 2516): a length, then a PPP protocol field without address and control.
import { u16, type Bytes } from '../bytes/read.ts'

const VERSION_TYPE = 0
const CODE = 1
const LENGTH = 4
export const HEADER = 6

/** Version 1, type 1, code 0: session data (section 4). */
export const isSession = (b: Bytes, at: number): boolean => b[at + VERSION_TYPE] === 0x11 && b[at + CODE] === 0
/** Length of the PPP packet behind the header. */
export const payloadLength = (b: Bytes, at: number): number => u16(b, at + LENGTH)
