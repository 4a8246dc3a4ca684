// Writes pcapng (draft-ietf-opsawg-pcapng): one little-endian section of unknown length, times in nanoseconds.
import { parseAddress } from '../bytes/address.ts'
import { u16le, type Bytes } from '../bytes/read.ts'
import type { Instant, InterfaceStatistics } from './packet.ts'
import {
  DECRYPTION_SECRETS,
  eachOption,
  ENHANCED_PACKET,
  INTERFACE_DESCRIPTION,
  INTERFACE_STATISTICS,
  NAME_RESOLUTION,
  SECTION_HEADER,
} from './pcapng-blocks.ts'
import * as option from './pcapng-options.ts'
import type { CaptureWriter, Emit, WrittenInterface, WrittenPacket } from './writer.ts'

const BYTE_ORDER_MAGIC = 0x1a2b3c4d
const TLS_KEY_LOG = 0x544c534b
const NRB_RECORD_IPV4 = 1
const NRB_RECORD_IPV6 = 2
/** if_tsresol: units of 10^-9 s. */
const NANOSECONDS = 9

/** Type and total length before the body, total length again behind it. */
const BODY = 8
const FRAME = 12
/** Body of an enhanced packet block before its data: interface, time (high, low), captured and original length. */
const PACKET_HEADER = 20

/** An option's length is a 16-bit number; so are those of name records. */
const LONGEST_OPTION = 0xffff

export interface WrittenSection {
  comments: readonly string[]
  /** Name and version of the program that writes (shb_userappl). */
  application: string
}

/** Writes a section header before the first of the rest, and that as it comes. */
export function pcapngWriter(section: WrittenSection, target: Emit): CaptureWriter {
  const sections: Bytes[] = []
  let begun = false
  const emit: Emit = (bytes) => {
    if (!begun) target(sectionHeader(section, sections))
    begun = true
    target(bytes)
  }
  /** By number as answered to the caller. */
  const described: WrittenInterface[] = []
  /** Numbers in the file by the caller's number, then by offset in seconds. */
  const inFile: Map<number, number>[] = []
  let interfaces = 0
  const latest = { seconds: 0, nanoseconds: 0 }

  const describe = (id: number, offset: number): number => {
    const { linkType, snapLength, name, comment, options: others } = described[id]!
    const options = [
      ...(name === null ? [] : [text(option.IF_NAME, name)]),
      ...(comment === null ? [] : [text(option.OPT_COMMENT, comment)]),
      value(option.IF_TSRESOL, Uint8Array.of(NANOSECONDS)),
      ...(offset === 0 ? [] : [value(option.IF_TSOFFSET, signed64(offset))]),
      ...(others === undefined ? [] : [others]),
    ]
    const fixed = new DataView(new ArrayBuffer(8))
    fixed.setUint16(0, linkType, true)
    fixed.setUint32(4, snapLength, true)
    emit(block(INTERFACE_DESCRIPTION, [bytesOf(fixed), ...withEnd(options)]))
    inFile[id]!.set(offset, interfaces)
    return interfaces++
  }

  /** Any of its numbers in the file, with its offset in seconds. */
  const inThisSection = (id: number): [offset: number, number: number] => {
    for (const found of inFile[id]!) return found
    return [0, describe(id, 0)]
  }

  return {
    lost: new Map(),
    section(options: Bytes): void {
      if (begun) {
        // Its interfaces are numbered anew, and those described before are unknown in it.
        target(sectionHeader(section, [options]))
        interfaces = 0
        for (const numbers of inFile) numbers.clear()
      } else sections.push(options)
    },
    addInterface(one: WrittenInterface): number {
      const id = described.push(one) - 1
      inFile.push(new Map())
      describe(id, 0)
      return id
    },
    packet(packet: WrittenPacket, comments: readonly string[] = [], options?: Bytes): boolean {
      const offset = timeOffset(packet.seconds)
      latest.seconds = packet.seconds
      latest.nanoseconds = packet.nanoseconds
      const id = inFile[packet.interfaceId]!.get(offset) ?? describe(packet.interfaceId, offset)
      const told = comments.map((comment) => text(option.OPT_COMMENT, comment))
      if (options !== undefined && options.length > 0) told.push(options)
      emit(enhancedPacket(packet, id, packet.seconds - offset, withEnd(told)))
      return true
    },
    names(names): void {
      const records = names.flatMap(([address, name]) => nameRecord(address, name))
      if (records.length > 0) emit(block(NAME_RESOLUTION, withEnd(records)))
    },
    secrets(keyLog: string): void {
      const log = new TextEncoder().encode(keyLog)
      const fixed = new DataView(new ArrayBuffer(8))
      fixed.setUint32(0, TLS_KEY_LOG, true)
      fixed.setUint32(4, log.length, true)
      emit(block(DECRYPTION_SECRETS, [bytesOf(fixed), padded(log)]))
    },
    dropped(interfaceId: number, count: number): void {
      const fixed = new DataView(new ArrayBuffer(12))
      const [offset, id] = inThisSection(interfaceId)
      fixed.setUint32(0, id, true)
      setTime(fixed, 4, Math.max(0, latest.seconds - offset), latest.nanoseconds)
      emit(block(INTERFACE_STATISTICS, [bytesOf(fixed), ...withEnd([value(option.ISB_IFDROP, signed64(count))])]))
    },
    statistics({ interfaceId, time, start, end, options }: InterfaceStatistics): void {
      const [offset, id] = inThisSection(interfaceId)
      const fixed = new DataView(new ArrayBuffer(12))
      fixed.setUint32(0, id, true)
      setTime(fixed, 4, Math.max(0, time.seconds - offset), time.nanoseconds)
      const times = [...timeOption(option.ISB_STARTTIME, start, offset), ...timeOption(option.ISB_ENDTIME, end, offset)]
      emit(
        block(INTERFACE_STATISTICS, [bytesOf(fixed), ...withEnd([...times, ...(options.length > 0 ? [options] : [])])]),
      )
    },
    block(type: number, body: Bytes): void {
      emit(block(type, [body, new Uint8Array(-body.length & 3)]))
    },
    end(): void {
      if (!begun) target(sectionHeader(section, sections))
      begun = true
    },
  }
}

/** None for a time that the interface cannot tell. */
function timeOption(code: number, time: Instant | null, offset: number): Bytes[] {
  if (time === null || timeOffset(time.seconds) !== offset) return []
  const view = new DataView(new ArrayBuffer(8))
  setTime(view, 0, time.seconds - offset, time.nanoseconds)
  return [value(code, bytesOf(view))]
}

/** 2^64 nanoseconds are 584 years: what is before 1970 or behind them goes to an interface with an if_tsoffset. */
const SPAN = 2 ** 34
const timeOffset = (seconds: number): number => Math.floor(seconds / SPAN) * SPAN

function sectionHeader({ comments, application }: WrittenSection, sources: readonly Bytes[]): Bytes {
  const fixed = new DataView(new ArrayBuffer(16))
  fixed.setUint32(0, BYTE_ORDER_MAGIC, true)
  fixed.setUint16(4, 1, true)
  fixed.setInt32(8, -1, true)
  fixed.setInt32(12, -1, true)
  const options = [...comments.map((comment) => text(option.OPT_COMMENT, comment)), ...sectionOptions(sources)]
  const isNamed = options.some((one) => u16le(one, 0) === option.SHB_USERAPPL)
  const own = isNamed ? [] : [text(option.SHB_USERAPPL, application)]
  return block(SECTION_HEADER, [bytesOf(fixed), ...withEnd([...own, ...options])])
}

/** All that the sources say; but one hardware, operating system and application only where they agree. */
function sectionOptions(sources: readonly Bytes[]): Bytes[] {
  const options = new Map<string, { code: number; written: Bytes }>()
  for (const source of sources) {
    eachOption(source, (code, content) => options.set(`${code} ${content}`, { code, written: value(code, content) }))
  }
  const all = [...options.values()]
  const isSingle = (code: number): boolean => all.filter((one) => one.code === code).length === 1
  return all.filter(({ code }) => !ONCE.has(code) || isSingle(code)).map(({ written }) => written)
}

const ONCE: ReadonlySet<number> = new Set([option.SHB_HARDWARE, option.SHB_OS, option.SHB_USERAPPL])

function enhancedPacket(
  { nanoseconds, bytes, at, end, wireLength }: WrittenPacket,
  id: number,
  seconds: number,
  options: readonly Bytes[],
): Bytes {
  const captured = end - at
  const optionsAt = BODY + PACKET_HEADER + roundUp(captured)
  const written = new Uint8Array(optionsAt + lengthOf(options) + FRAME - BODY)
  const view = new DataView(written.buffer)
  view.setUint32(0, ENHANCED_PACKET, true)
  view.setUint32(4, written.length, true)
  view.setUint32(BODY, id, true)
  setTime(view, BODY + 4, seconds, nanoseconds)
  view.setUint32(BODY + 12, captured, true)
  view.setUint32(BODY + 16, wireLength, true)
  written.set(bytes.subarray(at, end), BODY + PACKET_HEADER)
  place(written, optionsAt, options)
  view.setUint32(written.length - 4, written.length, true)
  return written
}

/** seconds * 10^9 + nanoseconds in two words, the high one first: by sixteen bits, which is exact without BigInt. */
function setTime(view: DataView, at: number, seconds: number, nanoseconds: number): void {
  const low = (seconds % 65_536) * 1e9 + nanoseconds
  const high = Math.floor(seconds / 65_536) * 1e9 + Math.floor(low / 65_536)
  view.setUint32(at, Math.floor(high / 65_536), true)
  view.setUint32(at + 4, (high % 65_536) * 65_536 + (low % 65_536), true)
}

/** Section 4.4: the address, and its name with a zero behind it. What is no address is left out. */
function nameRecord(address: string, name: string): Bytes[] {
  const parsed = parseAddress(address)
  if (parsed === null) return []
  const named = new TextEncoder().encode(`${name}\0`)
  const record = new Uint8Array(parsed.length + named.length)
  record.set(parsed)
  record.set(named, parsed.length)
  return [value(parsed.length === 4 ? NRB_RECORD_IPV4 : NRB_RECORD_IPV6, record)]
}

function block(type: number, parts: readonly Bytes[]): Bytes {
  const written = new Uint8Array(FRAME + lengthOf(parts))
  const view = new DataView(written.buffer)
  view.setUint32(0, type, true)
  view.setUint32(4, written.length, true)
  place(written, BODY, parts)
  view.setUint32(written.length - 4, written.length, true)
  return written
}

function value(code: number, content: Bytes): Bytes {
  const written = new Uint8Array(4 + roundUp(content.length))
  const view = new DataView(written.buffer)
  view.setUint16(0, code, true)
  view.setUint16(2, content.length, true)
  written.set(content, 4)
  return written
}

/** A text that is too long ends between two characters. */
function text(code: number, content: string): Bytes {
  const encoded = new TextEncoder().encode(content)
  let end = Math.min(encoded.length, LONGEST_OPTION)
  if (end < encoded.length) while ((encoded[end]! & 0xc0) === 0x80) end--
  return value(code, encoded.subarray(0, end))
}

/** opt_endofopt, and nrb_record_end, stand behind what there is. */
const withEnd = (options: readonly Bytes[]): readonly Bytes[] =>
  options.length === 0 ? options : [...options, new Uint8Array(4)]

function signed64(number: number): Bytes {
  const view = new DataView(new ArrayBuffer(8))
  view.setUint32(0, number - Math.floor(number / 2 ** 32) * 2 ** 32, true)
  view.setInt32(4, Math.floor(number / 2 ** 32), true)
  return bytesOf(view)
}

const bytesOf = (view: DataView): Bytes => new Uint8Array(view.buffer)

const roundUp = (length: number): number => (length + 3) & ~3

function padded(content: Bytes): Bytes {
  const room = new Uint8Array(roundUp(content.length))
  room.set(content)
  return room
}

const lengthOf = (parts: readonly Bytes[]): number => parts.reduce((sum, part) => sum + part.length, 0)

function place(written: Bytes, from: number, parts: readonly Bytes[]): void {
  let at = from
  for (const part of parts) {
    written.set(part, at)
    at += part.length
  }
}
