// Classic pcap: a file header, then packets with a small header each (draft-ietf-opsawg-pcap).
import { u16, u16le, u32, u32le, type Bytes } from '../bytes/read.ts'
import { addFault, bytesText } from './faults.ts'
import { LARGEST_PACKET, packetLimit, type CaptureFormat } from './format.ts'
import { type BlockSink, createPacket, type CaptureInfo, type PacketSink } from './packet.ts'
import { IF_FCSLEN } from './pcapng-options.ts'
import type { Feed, RecordReader } from './records.ts'

/** Magic numbers as they read in the byte order of the machine that wrote the file. */
const MICROSECONDS = 0xa1b2c3d4
const NANOSECONDS = 0xa1b23c4d
/** Kuznetsov's patched libpcap of old Red Hat systems: the record header has eight more bytes. */
const MODIFIED = 0xa1b2cd34

/** File header. */
const VERSION_MAJOR = 4
const VERSION_MINOR = 6
const SNAP_LENGTH = 16
const LINK_TYPE = 20
const FILE_HEADER = 24

/** Record header: seconds, then fraction, captured length, original length. */
const FRACTION = 4
const CAPTURED_LENGTH = 8
const ORIGINAL_LENGTH = 12
const RECORD_HEADER = 16
/** Seconds before and after the last good packet in which one behind damage may lie. */
const NEAR = 7 * 86_400
const MODIFIED_RECORD_HEADER = 24
/** So many records of nothing but zeros in a row are none: a file that was given room, or lost what was to be written. */
const EMPTY_RECORDS = 16

export const pcap: CaptureFormat = { name: 'pcap', recognises: (head) => magic(head) !== null, reader: pcapReader }

function magic(head: Bytes): { little: boolean; number: number } | null {
  if (head.length < 4) return null
  for (const little of [true, false]) {
    const number = little ? u32le(head, 0) : u32(head, 0)
    if (number === MICROSECONDS || number === NANOSECONDS || number === MODIFIED) return { little, number }
  }
  return null
}

/** Length of the frame check sequence: 16-bit words in the highest four bits, if bit 26 says so; in pcapng an option. */
const FCS_STATED = 0x0400_0000
const checkSequence = (network: number): Bytes =>
  (network & FCS_STATED) === 0 ? new Uint8Array(0) : Uint8Array.of(IF_FCSLEN, 0, 1, 0, 2 * (network >>> 28), 0, 0, 0)

function pcapReader(info: CaptureInfo, blocks: BlockSink | null): RecordReader {
  let little = false
  let nanoseconds = false
  let headerLength = 0
  let minor = 0
  let limit = 0
  /** Records of zeros in a row, and where the first one is. */
  let empty = 0
  let emptyFrom = 0
  const packet = createPacket()

  function readFileHeader(b: Bytes, at: number, end: number, feed: Feed): number {
    if (end - at < FILE_HEADER) return FILE_HEADER
    const found = magic(b.subarray(at, at + 4))
    const major = found === null ? 0 : found.little ? u16le(b, at + VERSION_MAJOR) : u16(b, at + VERSION_MAJOR)
    // Versions before 2 had another layout; later ones than 2.4 do not exist, and odd numbers there have always been read.
    if (found === null || major < 2) {
      addFault(info, feed.offset, true, `pcap version ${major} is not supported, only 2 is: nothing was read`)
      feed.stopped = true
      return 0
    }
    little = found.little
    nanoseconds = found.number === NANOSECONDS
    headerLength = found.number === MODIFIED ? MODIFIED_RECORD_HEADER : RECORD_HEADER
    minor = little ? u16le(b, at + VERSION_MINOR) : u16(b, at + VERSION_MINOR)
    const snapLength = field(b, at + SNAP_LENGTH)
    limit = packetLimit(snapLength)
    // Upper half: length of the frame check sequence and reserved bits. The link type is the lower one.
    const network = field(b, at + LINK_TYPE)
    packet.linkType = network & 0xffff
    info.interfaces.push({ linkType: packet.linkType, snapLength, name: null, dropped: null })
    blocks?.section(new Uint8Array(0))
    blocks?.interface(0, checkSequence(network))
    if (headerLength > RECORD_HEADER) blocks?.leftOut('the longer record headers of old Red Hat systems')
    return FILE_HEADER
  }

  const field = (b: Bytes, at: number): number => (little ? u32le(b, at) : u32(b, at))

  /** A record header without time and lengths. */
  const isEmpty = (b: Bytes, at: number): boolean =>
    field(b, at + CAPTURED_LENGTH) === 0 &&
    field(b, at + ORIGINAL_LENGTH) === 0 &&
    field(b, at) === 0 &&
    field(b, at + FRACTION) === 0

  function capturedLength(b: Bytes, at: number): number {
    const captured = field(b, at + CAPTURED_LENGTH)
    if (minor > 3) return captured
    // The two lengths stood the other way round before version 2.3, and with some writers of 2.3.
    const original = field(b, at + ORIGINAL_LENGTH)
    return minor < 3 || captured > original ? original : captured
  }

  return {
    read(b: Bytes, at: number, end: number, feed: Feed, sink: PacketSink): number {
      if (headerLength === 0) return readFileHeader(b, at, end, feed)
      if (end - at < headerLength) return headerLength
      const captured = capturedLength(b, at)
      if (captured > limit) {
        const text = `damaged record header: a packet of ${bytesText(captured)} is announced, at most ${limit} are possible`
        addFault(info, feed.offset, true, `${text}; everything from here on is lost`)
        feed.stopped = true
        return 0
      }
      const length = headerLength + captured
      if (end - at < length) return length
      if (!isEmpty(b, at)) empty = 0
      else if (empty++ === 0) emptyFrom = feed.offset
      if (empty === EMPTY_RECORDS) {
        addFault(info, emptyFrom, true, 'zeros stand where a packet should; everything from here on is lost')
        feed.stopped = true
        return 0
      }

      const first = field(b, at + CAPTURED_LENGTH)
      const second = field(b, at + ORIGINAL_LENGTH)
      let seconds = field(b, at)
      let fraction = field(b, at + FRACTION)
      if (!nanoseconds) fraction *= 1000
      // A fraction above one second is no valid time, but it still says one.
      if (fraction > 999_999_999) {
        seconds += Math.floor(fraction / 1e9)
        fraction %= 1e9
      }
      packet.frame = ++info.frames
      packet.seconds = seconds
      packet.nanoseconds = fraction
      // The collector keeps books of what is written to an object: only what is new.
      if (packet.bytes !== b) packet.bytes = b
      packet.at = at + headerLength
      packet.end = at + length
      packet.wireLength = captured === first ? second : first
      sink.packet(packet)
      return length
    },
    cut(b: Bytes, had: number, need: number, feed: Feed): void {
      const there = had - headerLength
      const text =
        headerLength === 0
          ? `the file header is cut: ${FILE_HEADER} bytes needed, ${had} there; nothing was read`
          : need === headerLength
            ? `the last packet is cut in its header: ${headerLength} bytes needed, ${had} there`
            : `the last packet is cut: ${bytesText(capturedLength(b, 0))} announced, ${there} there`
      addFault(info, feed.offset, true, text)
    },
    /** Nothing repeats a record header: lengths that go together, a fraction below a second and a time near the last. */
    lengthAt(b: Bytes, at: number, end: number): number {
      if (headerLength === 0 || end - at < headerLength) return 0
      const captured = capturedLength(b, at)
      const original = captured === field(b, at + CAPTURED_LENGTH) ? field(b, at + ORIGINAL_LENGTH) : captured
      const isLikely =
        captured <= limit &&
        !isEmpty(b, at) &&
        captured <= original &&
        original <= LARGEST_PACKET &&
        field(b, at + FRACTION) < (nanoseconds ? 1e9 : 1e6) &&
        (info.frames === 0 || Math.abs(field(b, at) - packet.seconds) <= NEAR)
      return isLikely && captured <= end - at - headerLength ? headerLength + captured : 0
    },
    restart(): void {
      empty = 0
    },
  }
}
