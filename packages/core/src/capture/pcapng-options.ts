// Options and records inside pcapng blocks: a code, a length, a value padded to 32 bits (draft-ietf-opsawg-pcapng,
// section 3.5), and the name records that are built the same way (section 4.4).
import { formatAddress } from '../bytes/address.ts'
import { u16, u16le, type Bytes } from '../bytes/read.ts'

const HEADER = 4
const END = 0

export const OPT_COMMENT = 1
export const SHB_HARDWARE = 2
export const SHB_OS = 3
export const SHB_USERAPPL = 4
export const EPB_DROPCOUNT = 4
export const IF_NAME = 2
export const IF_DESCRIPTION = 3
export const IF_TSRESOL = 9
export const IF_FILTER = 11
export const IF_OS = 12
export const IF_FCSLEN = 13
export const IF_TSOFFSET = 14
export const IF_HARDWARE = 15
export const ISB_STARTTIME = 2
export const ISB_ENDTIME = 3
export const ISB_IFRECV = 4
export const ISB_IFDROP = 5
export const ISB_OSDROP = 7

const NRB_RECORD_IPV4 = 1
const NRB_RECORD_IPV6 = 2

/** Shows each option to `found`, up to the end mark. Returns where the options (or records) end, or -1 if one is cut. */
export function readOptions(
  b: Bytes,
  from: number,
  to: number,
  little: boolean,
  found: (code: number, at: number, length: number) => void,
): number {
  let at = from
  // Options may be left out altogether, and with them the end mark.
  while (at < to) {
    if (to - at < HEADER) return -1
    const code = little ? u16le(b, at) : u16(b, at)
    const length = little ? u16le(b, at + 2) : u16(b, at + 2)
    at += HEADER
    if (code === END) return at
    if (length > to - at) return -1
    found(code, at, length)
    at = Math.min(to, at + ((length + 3) & ~3))
  }
  return at
}

/** UTF-8 text of an option; some writers count a zero at the end. */
export function optionText(b: Bytes, at: number, length: number): string {
  let end = at + length
  // By hand: an expression for zeros at the end looks for an end behind every run of them.
  while (end > at && b[end - 1] === 0) end--
  return new TextDecoder().decode(b.subarray(at, end))
}

/** Address and names of a name record: IPv4 or IPv6 address, then names that end in a zero each. Others: nothing. */
export function nameRecord(b: Bytes, code: number, at: number, length: number): [address: string, name: string][] {
  const addressLength = code === NRB_RECORD_IPV4 ? 4 : code === NRB_RECORD_IPV6 ? 16 : 0
  if (addressLength === 0 || length < addressLength) return []
  const address = formatAddress(b, at, addressLength === 4 ? 4 : 6)
  return optionText(b, at + addressLength, length - addressLength)
    .split('\0')
    .filter((name) => name !== '')
    .map((name) => [address, name])
}
