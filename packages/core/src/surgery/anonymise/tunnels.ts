// What UDP and GRE carry that begins as a link does.
import { u16 } from '../../bytes/read.ts'
import * as ethernet from '../../wire/ethernet.ts'
import * as geneve from '../../wire/geneve.ts'
import * as gre from '../../wire/gre.ts'
import * as ip4 from '../../wire/ip4.ts'
import * as tzsp from '../../wire/tzsp.ts'
import * as vxlan from '../../wire/vxlan.ts'
import {
  blank,
  inTunnel,
  writeEthernet,
  writeEtherType,
  type Writer,
  writeTypeOrLength,
  writeVxlanNext,
} from './links.ts'
import { blankGeneveOptions, blankTzspTags } from './options.ts'
import { type Around, keepingChecksum } from './transport.ts'

const GRE_CHECKSUM = 0x8000
const GRE_ROUTING = 0x4000

/** False where the port is no tunnel's, or the datagram does not look like one. */
export function writeUdpTunnel(w: Writer, port: number, at: number, end: number, wireEnd: number): boolean {
  const b = w.b
  switch (port) {
    case vxlan.PORT:
    case vxlan.LINUX_PORT:
    case vxlan.GPE_PORT: {
      if (end - at < vxlan.HEADER || !vxlan.isVxlan(b, at)) return false
      const inner = at + vxlan.HEADER
      inTunnel(w, inner, end, () => writeVxlanNext(w, vxlan.nextProtocol(b, at), inner, end, wireEnd))
      return true
    }
    case geneve.PORT: {
      if (end - at < geneve.HEADER || !geneve.isGeneve(b, at)) return false
      const inner = Math.min(end, at + geneve.headerLength(b, at))
      blankGeneveOptions(b, at + geneve.HEADER, inner)
      inTunnel(w, inner, end, () => {
        if (geneve.protocol(b, at) === ethernet.TRANSPARENT_ETHERNET) writeEthernet(w, inner, end, wireEnd)
        else writeEtherType(w, at + 2, inner, end, wireEnd)
      })
      return true
    }
    case tzsp.PORT: {
      if (end - at < tzsp.HEADER || !tzsp.holdsEthernet(b, at)) return false
      const inner = tzsp.payloadAt(b, at, end)
      if (inner < 0) return false
      blankTzspTags(b, at + tzsp.HEADER, inner)
      inTunnel(w, inner, end, () => writeEthernet(w, inner, end, wireEnd))
      return true
    }
    default:
      return false
  }
}

export function writeGre(w: Writer, around: Around, at: number, end: number, wireEnd: number): void {
  const b = w.b
  const header = end - at < gre.HEADER ? -1 : gre.headerLength(b, at, end)
  if (header < 0 || (u16(b, at) & GRE_ROUTING) !== 0) {
    blank(w, at, end)
    return
  }
  const inner = (): void => inTunnel(w, at + header, end, () => writeGreNext(w, at, at + header, end, wireEnd))
  if ((u16(b, at) & GRE_CHECKSUM) === 0) inner()
  else keepingChecksum(b, around, { protocol: 0, field: at + 4, at, end, wireEnd, isOptional: false }, inner)
}

function writeGreNext(w: Writer, at: number, payload: number, end: number, wireEnd: number): void {
  const b = w.b
  switch (gre.protocol(b, at)) {
    case ethernet.TRANSPARENT_ETHERNET:
      writeEthernet(w, payload, end, wireEnd)
      break
    case ethernet.ERSPAN:
      if (gre.hasSequence(b, at)) writeErspan(w, payload, end, wireEnd)
      else writeEthernet(w, payload, end, wireEnd)
      break
    case ethernet.ERSPAN_3:
      writeErspan(w, payload, end, wireEnd)
      break
    case ethernet.WCCP:
      if (end > payload) w.ip(ip4.version(b, payload) === 4 ? payload : payload + 4, end, wireEnd)
      break
    default:
      if (gre.protocol(b, at) < ethernet.SMALLEST_TYPE) blank(w, payload, end)
      else writeTypeOrLength(w, at + 2, payload, end, wireEnd)
  }
}

function writeErspan(w: Writer, at: number, end: number, wireEnd: number): void {
  const b = w.b
  if (end - at < gre.ERSPAN_2_HEADER) blank(w, at, end)
  else if (gre.erspanVersion(b, at) !== 2) writeEthernet(w, at + gre.ERSPAN_2_HEADER, end, wireEnd)
  else {
    const header = gre.erspan3Length(b, at, end)
    if (header < 0) blank(w, at, end)
    else if (gre.erspan3FrameType(b, at) === 2) w.ip(at + header, end, wireEnd)
    else writeEthernet(w, at + header, end, wireEnd)
  }
}
