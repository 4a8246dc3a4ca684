// pcapng: blocks of a type and a length, the length once more at the end (draft-ietf-opsawg-pcapng). Sections may
// follow each other, each in its own byte order and with its own interfaces.
import { u16, u16le, u32, u32le, type Bytes } from '../bytes/read.ts'
import { addFault, bytesText } from './faults.ts'
import { LARGEST_PACKET, packetLimit, type CaptureFormat } from './format.ts'
import { type BlockSink, createPacket, type CaptureInfo, type Instant, type PacketSink } from './packet.ts'
import {
  CUSTOM,
  DECRYPTION_SECRETS,
  ENHANCED_PACKET,
  handedOn,
  INTERFACE_DESCRIPTION,
  INTERFACE_STATISTICS,
  NAME_RESOLUTION,
  namesBody,
  PACKET,
  SECTION_HEADER,
  secretsBody,
  SIMPLE_PACKET,
  SYSTEMD_JOURNAL,
} from './pcapng-blocks.ts'
import * as option from './pcapng-options.ts'
import type { Feed, RecordReader } from './records.ts'
import { clock, setTime, type Clock } from './timestamp.ts'

const NAMES: Readonly<Record<number, string>> = {
  [SECTION_HEADER]: 'section header block',
  [INTERFACE_DESCRIPTION]: 'interface description block',
  [PACKET]: 'packet block',
  [SIMPLE_PACKET]: 'simple packet block',
  [NAME_RESOLUTION]: 'name resolution block',
  [INTERFACE_STATISTICS]: 'interface statistics block',
  [ENHANCED_PACKET]: 'enhanced packet block',
  [DECRYPTION_SECRETS]: 'decryption secrets block',
}

/** How long a block is at least, with type, both lengths and fixed fields; 0 for the blocks that we pass over. */
function leastLength(type: number): number {
  switch (type) {
    case ENHANCED_PACKET:
    case PACKET:
      return 32
    case SIMPLE_PACKET:
      return 16
    case SECTION_HEADER:
      return 28
    case INTERFACE_DESCRIPTION:
    case DECRYPTION_SECRETS:
      return 20
    case INTERFACE_STATISTICS:
      return 24
    case NAME_RESOLUTION:
      return SMALLEST_BLOCK
    default:
      return 0
  }
}

const BYTE_ORDER_MAGIC = 0x1a2b3c4d
const TLS_KEY_LOG = 0x544c534b

/** Type and total length stand before a block's body, total length again behind it. */
const TOTAL_LENGTH = 4
const BODY = 8
const TRAILER = 4
const SMALLEST_BLOCK = BODY + TRAILER

/** Body of an enhanced packet block; the obsolete packet block has 16-bit interface and drop count in the first word. */
const EPB_TIME_HIGH = 12
const EPB_TIME_LOW = 16
const EPB_CAPTURED_LENGTH = 20
const EPB_ORIGINAL_LENGTH = 24
const EPB_DATA = 28

/** Of a packet block, in place of a drop count. */
const UNKNOWN_DROPS = 0xffff

const SPB_ORIGINAL_LENGTH = 8
const SPB_DATA = 12

/** The largest block that is held in memory: a packet of the largest size and generous options. */
const LARGEST_BLOCK = LARGEST_PACKET + 1024 * 1024
const KEPT_COMMENTS = 100
const KEPT_NAMES = 100_000
/** A name of a host has 253 characters at most (RFC 1035 section 3.1), that of an interface a few. */
const LONGEST_NAME = 1024
const KEPT_INTERFACES = 65_536
/** Bytes of key logs in a file: secrets of some 200,000 sessions. */
const KEPT_KEY_LOGS = 64 << 20

export const pcapng: CaptureFormat = {
  name: 'pcapng',
  recognises: (head) => head.length >= 4 && u32(head, 0) === SECTION_HEADER,
  reader: pcapngReader,
}

/** Options of an interface that its description is told by, and of statistics. */
const TOLD = [option.IF_NAME, option.IF_TSRESOL, option.IF_TSOFFSET]
const TIMES = [option.ISB_STARTTIME, option.ISB_ENDTIME]

const blockName = (type: number): string => NAMES[type] ?? `block of type 0x${type.toString(16)}`

function pcapngReader(info: CaptureInfo, blocks: BlockSink | null): RecordReader {
  let little = false
  /** Index in `info.interfaces` of the section's interface 0. */
  let firstInterface = 0
  /** One for each of `info.interfaces`. */
  const clocks: Clock[] = []
  /** Total length of the block that was passed over, while its second length is still to come; else 0. */
  let passed = 0
  let passedAt = 0
  let timeless = false
  let keyLogBytes = 0
  const packet = createPacket()

  const leftOut = (what: string): void => blocks?.leftOut(what)

  const word = (b: Bytes, at: number): number => (little ? u32le(b, at) : u32(b, at))
  const half = (b: Bytes, at: number): number => (little ? u16le(b, at) : u16(b, at))

  const stop = (feed: Feed, offset: number, text: string): number => {
    addFault(info, offset, true, `${text}; everything from here on is lost`)
    feed.stopped = true
    return 0
  }

  /** The second length must repeat the first, or one of them is damaged and so is the way to the next block. */
  const lengthsDiffer = (feed: Feed, offset: number, first: number, second: number): number =>
    stop(feed, offset, `damaged block: its length is ${first} at its start and ${second} at its end`)

  function readTrailer(b: Bytes, at: number, end: number, feed: Feed): number {
    if (end - at < TRAILER) return TRAILER
    const total = word(b, at)
    if (total !== passed) return lengthsDiffer(feed, passedAt, passed, total)
    passed = 0
    return TRAILER
  }

  /** Passes over the body of a block, to its second length. */
  function passOver(feed: Feed, total: number): number {
    passed = total
    passedAt = feed.offset
    feed.skip = total - SMALLEST_BLOCK
    return BODY
  }

  function readSection(b: Bytes, at: number, total: number, feed: Feed): boolean {
    const major = half(b, at + 12)
    const minor = half(b, at + 14)
    // 1.2 differs from 1.0 in nothing but the number. The section length is of use to those who jump over sections.
    if (major !== 1) {
      stop(feed, feed.offset, `pcapng version ${major}.${minor} is not supported, only 1.x is`)
      return false
    }
    firstInterface = info.interfaces.length
    readOptions(b, at + 24, at + total - TRAILER, feed, 'section header block', comment(b))
    blocks?.section(optionsOf(b, at + 24, at + total - TRAILER, SECTION_HEADER))
    return true
  }

  function readInterface(b: Bytes, at: number, total: number, feed: Feed): void {
    if (clocks.length >= KEPT_INTERFACES) {
      return note(feed, `more than ${KEPT_INTERFACES} interfaces; packets of the others are skipped`)
    }
    let name: string | null = null
    let resolution: number | undefined
    let offset = 0
    const noteComment = comment(b)
    readOptions(b, at + 16, at + total - TRAILER, feed, 'interface description block', (code, value, length) => {
      noteComment(code, value, length)
      if (code === option.IF_NAME) name = option.optionText(b, value, Math.min(length, LONGEST_NAME))
      if (code === option.IF_TSRESOL && length === 1) resolution = b[value]!
      if (code === option.IF_TSOFFSET && length === 8) offset = signed64(b, value)
    })
    info.interfaces.push({ linkType: half(b, at + BODY), snapLength: word(b, at + 12), name, dropped: null })
    clocks.push(clock(resolution, offset))
    if (blocks === null) return
    blocks.interface(clocks.length - 1, optionsOf(b, at + 16, at + total - TRAILER, INTERFACE_DESCRIPTION, TOLD))
    const { binary, exponent } = clocks.at(-1)!
    if (binary ? exponent > 0 : exponent > 9) blocks.leftOut('parts of a nanosecond in the times')
  }

  function readStatistics(b: Bytes, at: number, total: number, feed: Feed): void {
    const id = firstInterface + word(b, at + BODY)
    let dropped: number | null = null
    let start: Instant | null = null
    let end: Instant | null = null
    readOptions(b, at + 20, at + total - TRAILER, feed, 'interface statistics block', (code, value, length) => {
      if ((code === option.ISB_IFDROP || code === option.ISB_OSDROP) && length === 8) {
        dropped = (dropped ?? 0) + unsigned64(b, value)
      }
      if (blocks === null || length !== 8 || id >= clocks.length) return
      if (code === option.ISB_STARTTIME) start = timeAt(b, value, id)
      if (code === option.ISB_ENDTIME) end = timeAt(b, value, id)
    })
    // The counts run from the start of the capture: the last block is right.
    if (id < info.interfaces.length && dropped !== null) info.interfaces[id]!.dropped = dropped
    if (blocks === null || id >= info.interfaces.length) return
    const options = optionsOf(b, at + 20, at + total - TRAILER, INTERFACE_STATISTICS, TIMES)
    blocks.statistics({ interfaceId: id, time: timeAt(b, at + 12, id), start, end, options })
  }

  function timeAt(b: Bytes, at: number, id: number): Instant {
    const time = { seconds: 0, nanoseconds: 0 }
    setTime(time, clocks[id]!, word(b, at), word(b, at + 4))
    return time
  }

  function readNames(b: Bytes, at: number, total: number, feed: Feed): void {
    const to = at + total - TRAILER
    const records = readOptions(b, at + BODY, to, feed, 'name resolution block', (code, value, length) => {
      const room = KEPT_NAMES - info.names.length
      if (room <= 0 || length > LONGEST_NAME) return
      info.names.push(...option.nameRecord(b, code, value, length).slice(0, room))
    })
    if (records >= 0) readOptions(b, records, to, feed, 'name resolution block', comment(b))
    blocks?.block(NAME_RESOLUTION, namesBody(b, at + BODY, to, little, leftOut))
  }

  function readSecrets(b: Bytes, at: number, total: number, feed: Feed): void {
    const length = word(b, at + 12)
    const there = total - 20
    if (length > there) return note(feed, `decryption secrets block of ${length} bytes has room for ${there}; skipped`)
    if (word(b, at + BODY) === TLS_KEY_LOG) {
      keyLogBytes += length
      if (keyLogBytes > KEPT_KEY_LOGS)
        note(feed, `more than ${KEPT_KEY_LOGS} bytes of TLS key logs; the rest is skipped`)
      else info.keyLogs.push(option.optionText(b, at + 16, length))
    }
    blocks?.block(DECRYPTION_SECRETS, secretsBody(b, at + BODY, at + total - TRAILER, little, leftOut))
  }

  function readEnhancedPacket(b: Bytes, at: number, total: number, feed: Feed, sink: PacketSink): void {
    const type = word(b, at)
    const id = type === PACKET ? half(b, at + BODY) : word(b, at + BODY)
    const interfaceId = firstInterface + id
    if (interfaceId >= info.interfaces.length) return unknownInterface(feed, id)
    const captured = word(b, at + EPB_CAPTURED_LENGTH)
    const room = total - EPB_DATA - TRAILER
    if (captured > room) return note(feed, `packet of ${bytesText(captured)} in a block with room for ${room}; skipped`)
    const limit = packetLimit(info.interfaces[interfaceId]!.snapLength)
    if (captured > limit) return note(feed, `packet of ${bytesText(captured)}, more than ${limit}; skipped`)
    setTime(packet, clocks[interfaceId]!, word(b, at + EPB_TIME_HIGH), word(b, at + EPB_TIME_LOW))
    if (blocks !== null) handOnOptions(b, at, total, captured)
    deliver(b, at + EPB_DATA, captured, word(b, at + EPB_ORIGINAL_LENGTH), interfaceId, sink)
  }

  function handOnOptions(b: Bytes, at: number, total: number, captured: number): void {
    const from = at + EPB_DATA + ((captured + 3) & ~3)
    const options = optionsOf(b, from, at + total - TRAILER, ENHANCED_PACKET)
    const drops = word(b, at) === PACKET ? half(b, at + BODY + 2) : UNKNOWN_DROPS
    if (drops === UNKNOWN_DROPS) {
      if (options.length > 0) blocks!.packetOptions(options)
      return
    }
    // What the obsolete packet block has in its header is an option of the enhanced one.
    const more = new Uint8Array(options.length + 12)
    more.set(options)
    more.set([option.EPB_DROPCOUNT, 0, 8, 0, drops & 0xff, drops >> 8], options.length)
    blocks!.packetOptions(more)
  }

  const optionsOf = (b: Bytes, from: number, to: number, block: number, without: readonly number[] = []): Bytes =>
    handedOn(b, from, to, little, block, without, leftOut)

  /** Hands on a block that means nothing to us. */
  function readOther(b: Bytes, at: number, total: number, type: number): void {
    const isKnown = (type === CUSTOM && total >= SMALLEST_BLOCK + 4) || type === SYSTEMD_JOURNAL
    if (!isKnown) return leftOut(`blocks of type 0x${type.toString(16)}`)
    if (type === CUSTOM && !little) return leftOut('custom blocks of unknown byte order')
    blocks!.block(type, b.slice(at + BODY, at + total - TRAILER))
  }

  function readSimplePacket(b: Bytes, at: number, total: number, feed: Feed, sink: PacketSink): void {
    // Belongs to the section's first interface, and only that one's snap length may have cut it.
    if (firstInterface >= info.interfaces.length) return unknownInterface(feed, 0)
    const { snapLength } = info.interfaces[firstInterface]!
    const original = word(b, at + SPB_ORIGINAL_LENGTH)
    const room = total - SPB_DATA - TRAILER
    const captured = Math.min(original, snapLength === 0 ? original : snapLength)
    if (captured > room) return note(feed, `packet of ${bytesText(captured)} in a block with room for ${room}; skipped`)
    if (!timeless) note(feed, 'simple packet blocks carry no time: their packets are shown at 1970-01-01')
    timeless = true
    packet.seconds = 0
    packet.nanoseconds = 0
    deliver(b, at + SPB_DATA, captured, original, firstInterface, sink)
  }

  function deliver(b: Bytes, at: number, captured: number, wireLength: number, id: number, sink: PacketSink): void {
    packet.frame = ++info.frames
    if (packet.bytes !== b) packet.bytes = b
    packet.at = at
    packet.end = at + captured
    packet.wireLength = wireLength
    packet.linkType = info.interfaces[id]!.linkType
    packet.interfaceId = id
    sink.packet(packet)
  }

  const note = (feed: Feed, text: string): void => addFault(info, feed.offset, false, text)

  const unknownInterface = (feed: Feed, id: number): void =>
    note(feed, `packet of interface ${id}, which the section does not describe; skipped`)

  function readOptions(
    b: Bytes,
    from: number,
    to: number,
    feed: Feed,
    name: string,
    found: (code: number, at: number, length: number) => void,
  ): number {
    const end = option.readOptions(b, from, to, little, found)
    if (end < 0) note(feed, `an option of the ${name} runs past the end of the block; the options before it were read`)
    return end
  }

  const comment =
    (b: Bytes) =>
    (code: number, at: number, length: number): void => {
      if (code === option.OPT_COMMENT && info.comments.length < KEPT_COMMENTS) {
        info.comments.push(option.optionText(b, at, length))
      }
    }

  const unsigned64 = (b: Bytes, at: number): number =>
    little ? word(b, at) + word(b, at + 4) * 2 ** 32 : word(b, at) * 2 ** 32 + word(b, at + 4)

  const signed64 = (b: Bytes, at: number): number =>
    little ? word(b, at) + (word(b, at + 4) | 0) * 2 ** 32 : (word(b, at) | 0) * 2 ** 32 + word(b, at + 4)

  /** Reads a block that is here as a whole and whose two lengths agree. False: reading ends. */
  function readBlock(b: Bytes, at: number, type: number, total: number, feed: Feed, sink: PacketSink): boolean {
    if (type === ENHANCED_PACKET || type === PACKET) readEnhancedPacket(b, at, total, feed, sink)
    else if (type === SIMPLE_PACKET) readSimplePacket(b, at, total, feed, sink)
    else if (type === INTERFACE_DESCRIPTION) readInterface(b, at, total, feed)
    else if (type === INTERFACE_STATISTICS) readStatistics(b, at, total, feed)
    else if (type === NAME_RESOLUTION) readNames(b, at, total, feed)
    else if (type === DECRYPTION_SECRETS) readSecrets(b, at, total, feed)
    else if (type === SECTION_HEADER) return readSection(b, at, total, feed)
    else readOther(b, at, total, type)
    return true
  }

  return {
    read(b: Bytes, at: number, end: number, feed: Feed, sink: PacketSink): number {
      if (passed > 0) return readTrailer(b, at, end, feed)
      if (end - at < BODY) return BODY
      const type = word(b, at)
      if (type === SECTION_HEADER) {
        // The byte-order magic comes before anything that depends on it.
        if (end - at < SMALLEST_BLOCK) return SMALLEST_BLOCK
        little = u32le(b, at + BODY) === BYTE_ORDER_MAGIC
        if (!little && u32(b, at + BODY) !== BYTE_ORDER_MAGIC) {
          return stop(feed, feed.offset, 'damaged section header block: no byte-order magic')
        }
      }
      const total = word(b, at + TOTAL_LENGTH)
      const least = leastLength(type)
      if (total < Math.max(least, SMALLEST_BLOCK)) {
        const text = `a length of ${total} is stated, ${Math.max(least, SMALLEST_BLOCK)} is the least`
        return stop(feed, feed.offset, `damaged ${blockName(type)}: ${text}`)
      }
      // Custom and unknown blocks are nothing to us, however long they are; who hands blocks on wants to see them.
      if (least === 0 && (blocks === null || total > LARGEST_BLOCK)) return passOver(feed, total)
      if (total > LARGEST_BLOCK) {
        if (type === SECTION_HEADER) return stop(feed, feed.offset, `section header block of ${total} bytes`)
        note(feed, `${blockName(type)} of ${total} bytes, too large to be read; skipped`)
        return passOver(feed, total)
      }
      if (end - at < total) return total
      const second = word(b, at + total - TRAILER)
      if (second !== total) return lengthsDiffer(feed, feed.offset, total, second)
      return readBlock(b, at, type, total, feed, sink) ? total : 0
    },

    cut(b: Bytes, had: number, need: number, feed: Feed): void {
      if (passed > 0) {
        addFault(
          info,
          passedAt,
          true,
          `the last block is cut: ${passed} bytes announced, ${feed.offset + had - passedAt} there`,
        )
        return
      }
      const type = had < BODY ? -1 : word(b, 0)
      const isPacket = type === ENHANCED_PACKET || type === PACKET || type === SIMPLE_PACKET
      const text =
        type === -1
          ? `the last block is cut in its header: ${need} bytes needed, ${had} there`
          : isPacket
            ? packetCut(b, had, type)
            : `the last block (${blockName(type)}) is cut: ${need} bytes announced, ${had} there`
      addFault(info, feed.offset, true, text)
    },

    lengthAt(b: Bytes, at: number, end: number): number {
      if (end - at < SMALLEST_BLOCK) return 0
      const isSection = u32(b, at) === SECTION_HEADER
      const isLittle = isSection ? u32le(b, at + BODY) === BYTE_ORDER_MAGIC : little
      if (isSection && !isLittle && u32(b, at + BODY) !== BYTE_ORDER_MAGIC) return 0
      const read = isLittle ? u32le : u32
      const total = read(b, at + TOTAL_LENGTH)
      if (total < Math.max(leastLength(read(b, at)), SMALLEST_BLOCK) || total > end - at) return 0
      if (isSection && (isLittle ? u16le : u16)(b, at + 12) !== 1) return 0
      return read(b, at + total - TRAILER) === total ? total : 0
    },

    restart(): void {
      passed = 0
    },
  }

  function packetCut(b: Bytes, had: number, type: number): string {
    const data = type === SIMPLE_PACKET ? SPB_DATA : EPB_DATA
    if (had < data) return `the last packet is cut in its header: ${data} bytes needed, ${had} there`
    const announced = word(b, type === SIMPLE_PACKET ? SPB_ORIGINAL_LENGTH : EPB_CAPTURED_LENGTH)
    const there = had - data
    return there < announced
      ? `the last packet is cut: ${bytesText(announced)} announced, ${there} there`
      : `the block of the last packet is cut behind its ${bytesText(announced)}`
  }
}
