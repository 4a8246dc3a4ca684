// ARP for IPv4 (RFC 826). Sender and target addresses are where `Layers` says; hardware addresses vary in length.
import { u16, type Bytes } from '../bytes/read.ts'

const PROTOCOL_TYPE = 2
const HARDWARE_LENGTH = 4
const PROTOCOL_LENGTH = 5
const OPERATION = 6
export const HEADER = 8

export const REQUEST = 1
export const REPLY = 2

export const operation = (b: Bytes, at: number): number => u16(b, at + OPERATION)
/** It is about IPv4 addresses. */
export const isIp4 = (b: Bytes, at: number): boolean =>
  u16(b, at + PROTOCOL_TYPE) === 0x0800 && b[at + PROTOCOL_LENGTH] === 4
export const length = (b: Bytes, at: number): number => HEADER + 2 * (b[at + HARDWARE_LENGTH] + b[at + PROTOCOL_LENGTH])
/** Offsets of the sender's and the target's protocol address. */
export const senderAt = (b: Bytes, at: number): number => at + HEADER + b[at + HARDWARE_LENGTH]
export const targetAt = (b: Bytes, at: number): number =>
  at + HEADER + 2 * b[at + HARDWARE_LENGTH] + b[at + PROTOCOL_LENGTH]
