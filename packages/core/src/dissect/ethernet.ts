// Ethernet II, 802.3 with LLC/SNAP, and VLAN tags.
import { type Bytes, u16 } from '../bytes/read.ts'
import * as ethernet from '../wire/ethernet.ts'
import * as vlan from '../wire/vlan.ts'
import type { LayerField } from './layer.ts'
import { etherTypeName } from './names.ts'
import { bit, bytesOf, type Dissected, hex, mac, type Next, number, u8, Walk } from './walk.ts'

const ADDRESS = 6
const LLC_HEADER = 3

export function dissectEthernet(here: Next): Dissected {
  const w = new Walk(here, 'Ethernet II')
  w.field('Destination', ADDRESS, mac)
  w.field('Source', ADDRESS, mac)
  const summary = w.isOver ? 'cut' : `${mac(w.bytes, w.start + ADDRESS)} → ${mac(w.bytes, w.start)}`
  return typeOrLength(w, summary)
}

export function dissectVlan(here: Next): Dissected {
  const isService = here.number !== ethernet.VLAN
  const w = new Walk(here, isService ? '802.1ad Service VLAN' : '802.1Q Virtual LAN')
  w.field('Tag Control Information', 2, (b, at) => hex(u16(b, at), 4), controlBits)
  const summary = w.isOver ? 'cut' : `ID ${vlan.vlanId(w.bytes, w.start)}, priority ${w.bytes[w.start] >> 5}`
  return typeOrLength(w, summary)
}

export function dissectLlc(here: Next): Dissected {
  const w = new Walk(here, 'Logical-Link Control')
  const type = w.left >= ethernet.SNAP_HEADER ? ethernet.snapType(w.bytes, w.at) : -1
  w.field('DSAP', 1, (b, at) => hex(b[at], 2))
  w.field('SSAP', 1, (b, at) => hex(b[at], 2))
  w.field('Control field', 1, (b, at) => hex(b[at], 2))
  if (type < 0) return w.done(`${bytesOf(Math.max(0, w.left))} of an 802.2 protocol`, w.next('data'))
  w.field(
    'Organization Code',
    ethernet.SNAP_HEADER - LLC_HEADER - 2,
    (b, at) => `${hex(b[at], 2)}${hex(u16(b, at + 1), 4).slice(2)}`,
  )
  w.field('Type', 2, (b, at) => etherTypeName(u16(b, at)))
  return w.done(etherTypeName(type), w.next('etherType', type))
}

/** The type of what follows, or the length of an 802.3 frame, which ends there. */
function typeOrLength(w: Walk, summary: string): Dissected {
  const value = w.left >= 2 ? u16(w.bytes, w.at) : 0
  if (value >= ethernet.SMALLEST_TYPE || w.left < 2) {
    w.field('Type', 2, (b, at) => etherTypeName(u16(b, at)))
    return w.done(summary, w.next('etherType', value))
  }
  w.field('Length', 2, number(u16))
  w.end = Math.min(w.end, w.at + value)
  w.wireEnd = Math.min(w.wireEnd, w.at + value)
  return w.done(summary, w.next('llc'))
}

const controlBits = (b: Bytes, at: number): LayerField[] => [
  { name: 'Priority', value: String(u8(b, at) >> 5), at, length: 2 },
  bit('DEI', (b[at] & 0x10) !== 0, at, 2),
  { name: 'ID', value: String(vlan.vlanId(b, at)), at, length: 2 },
]
