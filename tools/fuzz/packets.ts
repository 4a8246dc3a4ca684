// A pcap file as its packets, and changes to them that leave the file whole: what a lossy tap, an attacker or a clock
// does to a capture.
import type { Bytes } from '@pcap-surgery/core'
import { joined, mutated } from './mutate.ts'
import type { Random } from './random.ts'

const FILE_HEADER = 24
const RECORD_HEADER = 16

/** File header, and records with their headers; null where it is no pcap file. */
export interface Records {
  header: Bytes
  records: Bytes[]
  little: boolean
}

export function recordsOf(b: Bytes): Records | null {
  if (b.length < FILE_HEADER) return null
  const view = new DataView(b.buffer, b.byteOffset, b.length)
  const little = [0xa1b2c3d4, 0xa1b23c4d].includes(view.getUint32(0, true))
  if (!little && ![0xa1b2c3d4, 0xa1b23c4d].includes(view.getUint32(0))) return null
  const records: Bytes[] = []
  let at = FILE_HEADER
  while (at + RECORD_HEADER <= b.length) {
    const end = at + RECORD_HEADER + view.getUint32(at + 8, little)
    if (end > b.length) break
    records.push(b.subarray(at, end))
    at = end
  }
  // What is no record stays where it is: the end of a file that was cut.
  if (at < b.length) records.push(b.subarray(at))
  return { header: b.subarray(0, FILE_HEADER), records, little }
}

export const pcapOf = ({ header, records }: Records): Bytes => joined([header, ...records])

/** Bytes to all lengths where the IP and TCP header of a packet lie in Ethernet, cooked or raw frames. */
const LINK_HEADERS = [14, 16, 20, 18, 4, 0]

/** Changes packets: dropped, swapped, repeated, later, with other numbers, with lies for lengths, with other bytes. */
export function mutatedPackets({ header, records, little }: Records, random: Random, other: Bytes): Bytes {
  let list = records.slice()
  for (let n = random.few(8); n > 0 && list.length > 0; n--) {
    const at = random.below(list.length)
    const record = list[at]!.slice()
    switch (random.below(12)) {
      case 0:
        list.splice(at, random.few(4))
        break
      case 1:
        list = list.filter(() => !random.oneIn(6))
        break
      case 2:
        list.splice(random.below(list.length), 0, record)
        break
      case 3:
        list.splice(random.below(list.length), 0, ...list.splice(at, random.few(4)))
        break
      case 4:
        list[at] = later(record, little, random)
        break
      case 5:
        list[at] = snapped(record, little, random)
        break
      case 6:
      case 7:
        list[at] = otherNumbers(record, random)
        break
      case 8:
        list[at] = resized(joined([record.subarray(0, RECORD_HEADER), payload(record, random, other)]), little)
        break
      case 9: {
        const theirs = recordsOf(other)?.records ?? []
        if (theirs.length > 0) list.splice(at, 0, random.pick(theirs))
        break
      }
      case 10:
        list = list.flatMap((one) => (random.oneIn(10) ? [one, one] : [one]))
        break
      default:
        list[at] = flipped(record, random)
    }
  }
  return pcapOf({ header, records: list, little })
}

const payload = (record: Bytes, random: Random, other: Bytes): Bytes =>
  mutated(record.subarray(RECORD_HEADER), random, other)

function flipped(record: Bytes, random: Random): Bytes {
  for (let n = random.few(4); n > 0 && record.length > RECORD_HEADER; n--) {
    record[RECORD_HEADER + random.below(record.length - RECORD_HEADER)]! ^= 1 << random.below(8)
  }
  return record
}

function later(record: Bytes, little: boolean, random: Random): Bytes {
  if (record.length < RECORD_HEADER) return record
  const view = new DataView(record.buffer)
  view.setUint32(0, view.getUint32(0, little) + random.below(121) - 60, little)
  if (random.oneIn(2)) view.setUint32(4, random.below(1_000_000), little)
  return record
}

/** Cut off as a snap length would. */
function snapped(record: Bytes, little: boolean, random: Random): Bytes {
  if (record.length < RECORD_HEADER) return record
  const kept = record.slice(0, RECORD_HEADER + random.below(record.length - RECORD_HEADER + 1))
  new DataView(kept.buffer).setUint32(8, kept.length - RECORD_HEADER, little)
  return kept
}

/** Makes both lengths of the record say what is there. */
function resized(record: Bytes, little: boolean): Bytes {
  if (record.length < RECORD_HEADER) return record
  const view = new DataView(record.buffer)
  view.setUint32(8, record.length - RECORD_HEADER, little)
  view.setUint32(12, record.length - RECORD_HEADER, little)
  return record
}

/** Another sequence or acknowledgement number, flags, window, data offset, total length, fragment offset. */
function otherNumbers(record: Bytes, random: Random): Bytes {
  const link = LINK_HEADERS.find((length) => record[RECORD_HEADER + length] === 0x45)
  if (link === undefined) return flipped(record, random)
  const ip = RECORD_HEADER + link
  const tcp = ip + 20
  const put = (at: number, width: number, value: number): void => {
    for (let i = 0; i < width && at + i < record.length; i++) record[at + i] = value >>> (8 * (width - 1 - i))
  }
  const add = (at: number, delta: number): void => {
    if (at + 4 > record.length) return
    const view = new DataView(record.buffer)
    view.setUint32(at, view.getUint32(at) + delta)
  }
  const delta = random.pick([1, -1, 1460, -1460, 100, 65_535, 0x3fff_ffff, 0x4000_0000, -0x4000_0000, 0x7fff_ffff])
  switch (random.below(8)) {
    case 0:
    case 1:
      add(tcp + 4, delta)
      break
    case 2:
      add(tcp + 8, delta)
      break
    case 3:
      put(tcp + 13, 1, random.below(256))
      break
    case 4:
      put(tcp + 12, 1, random.below(16) << 4)
      break
    case 5:
      put(tcp + 14, 2, random.pick([0, 1, 65_535]))
      break
    case 6:
      put(ip + 2, 2, random.pick([0, 19, 20, 39, 40, 1500, 65_535]))
      break
    default:
      put(ip + 6, 2, random.pick([0x2000, 0x2001, 0x0001, 0x1fff, 0x3fff, 0x00b9]))
  }
  return record
}
