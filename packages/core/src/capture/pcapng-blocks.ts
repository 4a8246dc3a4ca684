// pcapng blocks as they are handed from a reader to a writer: little-endian, whole options only. Which options hold
// numbers, and how long each is, is the standard's (draft-ietf-opsawg-pcapng, section 4); what is longer or shorter
// than it may be is left out, because other readers refuse a whole file for it.
import { u16le, u32, u32le, type Bytes } from '../bytes/read.ts'
import * as option from './pcapng-options.ts'

/** Block types. The section header's reads the same in both byte orders. */
export const SECTION_HEADER = 0x0a0d0d0a
export const INTERFACE_DESCRIPTION = 1
export const PACKET = 2
export const SIMPLE_PACKET = 3
export const NAME_RESOLUTION = 4
export const INTERFACE_STATISTICS = 5
export const ENHANCED_PACKET = 6
export const SYSTEMD_JOURNAL = 9
export const DECRYPTION_SECRETS = 10
export const CUSTOM = 0xbad

/** Length of an option's value, the exact one or (negative) the least, and width of the numbers it consists of. */
type Shape = readonly [length: number, width: 0 | 4 | 8]

const TEXT: Shape = [-0, 0]
const SHAPES: { readonly [block: number]: { readonly [code: number]: Shape } } = {
  [SECTION_HEADER]: { 2: TEXT, 3: TEXT, 4: TEXT },
  [INTERFACE_DESCRIPTION]: {
    2: TEXT, // if_name
    3: TEXT, // if_description
    4: [8, 0], // if_IPv4addr
    5: [17, 0], // if_IPv6addr
    6: [6, 0], // if_MACaddr
    7: [8, 0], // if_EUIaddr
    8: [8, 8], // if_speed
    9: [1, 0], // if_tsresol
    10: [4, 4], // if_tzone
    11: [-1, 0], // if_filter
    12: TEXT, // if_os
    13: [1, 0], // if_fcslen
    14: [8, 8], // if_tsoffset
    15: TEXT, // if_hardware
    16: [8, 8], // if_txspeed
    17: [8, 8], // if_rxspeed
    18: TEXT, // if_iana_tzname
  },
  [NAME_RESOLUTION]: { 2: TEXT, 3: [4, 0], 4: [16, 0] },
  [INTERFACE_STATISTICS]: {
    2: [8, 4], // isb_starttime, two words
    3: [8, 4], // isb_endtime
    4: [8, 8], // isb_ifrecv
    5: [8, 8], // isb_ifdrop
    6: [8, 8], // isb_filteraccept
    7: [8, 8], // isb_osdrop
    8: [8, 8], // isb_usrdeliv
  },
  [ENHANCED_PACKET]: {
    2: [4, 4], // epb_flags
    3: [-1, 0], // epb_hash
    4: [8, 8], // epb_dropcount
    5: [8, 8], // epb_packetid
    6: [4, 4], // epb_queue
    7: [-1, 0], // epb_verdict
    8: [8, 4], // epb_processid_threadid, two words
  },
}

/** Custom options: text and bytes to be copied, text and bytes not to be (section 3.5.1). */
const CUSTOM_TEXT = 2988
const CUSTOM_BYTES = 2989
const UNCOPIED_TEXT = 19372
const UNCOPIED_BYTES = 19373

/** Told what is not handed on, in words that are the same for the same thing. */
export type LeftOut = (what: string) => void

const NOTHING: Bytes = new Uint8Array(0)

/**
 * The options between two offsets of a block, in little-endian and without their end mark; those of `without` are not
 * among them. The bytes are the caller's own.
 */
export function handedOn(
  b: Bytes,
  from: number,
  to: number,
  little: boolean,
  block: number,
  without: readonly number[],
  leftOut: LeftOut,
): Bytes {
  if (to - from < 8) return NOTHING
  const kept = new Uint8Array(((to - from + 3) & ~3) + 4)
  const view = new DataView(kept.buffer)
  let end = 0
  option.readOptions(b, from, to, little, (code, at, length) => {
    if (without.includes(code)) return
    const width = widthOf(block, code, length, little, leftOut)
    if (width === null) return
    view.setUint16(end, code, true)
    view.setUint16(end + 2, length, true)
    kept.set(b.subarray(at, at + length), end + 4)
    if (!little) reverse(kept, end + 4, width === 'pen' ? 4 : length, width === 'pen' ? 4 : width)
    end += 4 + ((length + 3) & ~3)
  })
  return kept.subarray(0, end)
}

/** Width of an option's numbers, 0 for none; null where it is not to be handed on. */
function widthOf(
  block: number,
  code: number,
  length: number,
  little: boolean,
  leftOut: LeftOut,
): number | 'pen' | null {
  const no = (what: string): null => {
    leftOut(what)
    return null
  }
  if (code === option.OPT_COMMENT) return 0
  if (code === UNCOPIED_TEXT || code === UNCOPIED_BYTES) return no('custom options that say they are not to be copied')
  if (code === CUSTOM_TEXT || code === CUSTOM_BYTES) {
    if (length < 4) return no('options of a wrong length')
    return little || code === CUSTOM_TEXT ? 'pen' : no('custom options of unknown byte order')
  }
  const shape = SHAPES[block]?.[code]
  if (shape === undefined) return little ? 0 : no('unknown options of unknown byte order')
  const [expected, width] = shape
  return (expected > 0 ? length === expected : length >= -expected) ? width : no('options of a wrong length')
}

function reverse(bytes: Bytes, at: number, length: number, width: number): void {
  if (width === 0) return
  for (let from = at; from + width <= at + length; from += width) bytes.subarray(from, from + width).reverse()
}

const NRB_RECORD_IPV4 = 1
const NRB_RECORD_IPV6 = 2
const NRB_RECORD_EUI48 = 3
const NRB_RECORD_EUI64 = 4
const ADDRESS_LENGTHS: { readonly [record: number]: number } = {
  [NRB_RECORD_IPV4]: 4,
  [NRB_RECORD_IPV6]: 16,
  [NRB_RECORD_EUI48]: 6,
  [NRB_RECORD_EUI64]: 8,
}

/** Body of a name resolution block, from its records and options between two offsets. */
export function namesBody(b: Bytes, from: number, to: number, little: boolean, leftOut: LeftOut): Bytes {
  const records = new Uint8Array(((to - from + 3) & ~3) + 4)
  const view = new DataView(records.buffer)
  let filled = 0
  const end = option.readOptions(b, from, to, little, (code, at, length) => {
    const address = ADDRESS_LENGTHS[code]
    // A name ends in a zero, and there is one.
    if (address === undefined || length < address + 1 || b[at + length - 1] !== 0) {
      return leftOut('name records of an unknown kind or form')
    }
    view.setUint16(filled, code, true)
    view.setUint16(filled + 2, length, true)
    records.set(b.subarray(at, at + length), filled + 4)
    filled += 4 + ((length + 3) & ~3)
  })
  const options = end < 0 ? NOTHING : handedOn(b, end, to, little, NAME_RESOLUTION, [], leftOut)
  // nrb_record_end, then the options with their own end mark.
  const body = new Uint8Array(filled + 4 + (options.length === 0 ? 0 : options.length + 4))
  body.set(records.subarray(0, filled))
  body.set(options, filled + 4)
  return body
}

/** Body of a decryption secrets block: type, length, secrets; its options are comments at most. */
export function secretsBody(b: Bytes, from: number, to: number, little: boolean, leftOut: LeftOut): Bytes {
  const word = little ? u32le : u32
  const length = word(b, from + 4)
  const dataEnd = Math.min(to, from + 8 + ((length + 3) & ~3))
  const options = handedOn(b, dataEnd, to, little, DECRYPTION_SECRETS, [], leftOut)
  const body = new Uint8Array(8 + ((length + 3) & ~3) + (options.length === 0 ? 0 : options.length + 4))
  const view = new DataView(body.buffer)
  view.setUint32(0, word(b, from), true)
  view.setUint32(4, length, true)
  body.set(b.subarray(from + 8, from + 8 + length), 8)
  body.set(options, 8 + ((length + 3) & ~3))
  return body
}

/** Shows each option of what `handedOn` made. */
export function eachOption(options: Bytes, found: (code: number, value: Bytes) => void): void {
  for (let at = 0; at + 4 <= options.length;) {
    const length = u16le(options, at + 2)
    found(u16le(options, at), options.subarray(at + 4, at + 4 + length))
    at += 4 + ((length + 3) & ~3)
  }
}
