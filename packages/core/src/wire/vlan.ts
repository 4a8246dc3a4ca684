// VLAN tags (IEEE 802.1Q, 802.1ad): tag control information and the type of what follows.
import { u16, type Bytes } from '../bytes/read.ts'
import { OLD_SERVICE_VLAN, SERVICE_VLAN, VLAN } from './ethernet.ts'

const CONTROL = 0
const TYPE = 2
/** Length behind the tag's own EtherType. */
export const TAG = 4

export const isTag = (etherType: number): boolean =>
  etherType === VLAN || etherType === SERVICE_VLAN || etherType === OLD_SERVICE_VLAN

/** VLAN id, 0..4095; 0 is a priority tag without VLAN. */
export const vlanId = (b: Bytes, at: number): number => u16(b, at + CONTROL) & 0x0fff
export const innerType = (b: Bytes, at: number): number => u16(b, at + TYPE)
