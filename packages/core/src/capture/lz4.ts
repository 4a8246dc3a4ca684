// LZ4 frames: blocks of a stated size, each checked or not, the last of size 0.
// https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md and lz4_Block_format.md
import { u32le, type Bytes } from '../bytes/read.ts'
import { lost, type FrameFault } from './frame-fault.ts'
import type { Intake } from './intake.ts'
import { isSkippable } from './skippable.ts'
import { xxh32, xxh32Of, type Hash } from './xxhash.ts'

export const LZ4_MAGIC = 0x184d2204
export const LZ4_LEGACY_MAGIC = 0x184c2102

/** FLG byte of the frame descriptor. */
const VERSION = 0xc0
const VERSION_1 = 0x40
const INDEPENDENT = 0x20
const BLOCK_CHECKSUM = 0x10
const CONTENT_SIZE = 0x08
const CONTENT_CHECKSUM = 0x04
const DICTIONARY_ID = 0x01

/** Block size: the highest bit says that the bytes are stored as they are. */
const STORED = 0x8000_0000
/** Where blocks are decoded: the same for all frames, since a frame of twenty bytes may ask for 4 MiB. */
export interface Room {
  bytes: Bytes
}

/** How far back a match may reach. */
const HISTORY = 65_536
const LEGACY_BLOCK = 8 * 1024 * 1024

/**
 * The content of the frame that begins at the intake, block by block; a chunk is good until the next is asked for.
 * Returns true when the frame ended well and another may follow.
 */
export async function* lz4Frame(input: Intake, fault: FrameFault, room: Room): AsyncGenerator<Bytes, boolean> {
  const start = input.offset
  if (!(await input.fill(7))) return lost(fault, 'the lz4 data is cut in a frame header')
  const flags = input.bytes[input.at + 4]!
  const sizeCode = (input.bytes[input.at + 5]! >> 4) & 7
  if ((flags & VERSION) !== VERSION_1 || sizeCode < 4) return lost(fault, 'damaged or unknown lz4 frame header')
  if (flags & DICTIONARY_ID) return lost(fault, 'the lz4 frame needs a dictionary')
  const header = 7 + (flags & CONTENT_SIZE ? 8 : 0)
  if (!(await input.fill(header))) return lost(fault, 'the lz4 data is cut in a frame header')
  const bytes = input.take(header)
  // The header's checksum is the second byte of the hash over the descriptor, which is all but the magic number.
  if (((xxh32Of(bytes.subarray(4, header - 1)) >>> 8) & 0xff) !== bytes[header - 1]) {
    return lost(fault, 'damaged lz4 frame header: its checksum is wrong', start)
  }
  // 64 KiB, 256 KiB, 1 MiB, 4 MiB
  const largest = 2 ** (8 + 2 * sizeCode)
  const content: Hash | null = flags & CONTENT_CHECKSUM ? xxh32() : null
  const output = blockOutput(room, largest)
  for (;;) {
    const at = input.offset
    if (!(await input.fill(4))) return lost(fault, 'the lz4 data is cut between two blocks')
    const size = u32le(input.take(4), 0)
    if (size === 0) break
    const length = size % STORED
    if (length > largest) return lost(fault, `damaged lz4 block: ${length} bytes, at most ${largest} are possible`, at)
    const checked = flags & BLOCK_CHECKSUM ? 4 : 0
    if (flags & INDEPENDENT) output.forget()
    if (!(await input.fill(length + checked))) {
      yield output.decodeCut(restOf(input, length), size >= STORED)
      return lost(fault, 'the lz4 data is cut in a block')
    }
    const block = input.take(length)
    if (checked > 0 && u32le(input.take(4), 0) !== xxh32Of(block)) {
      return lost(fault, 'damaged lz4 block: its checksum is wrong', at)
    }
    const written = size >= STORED ? output.store(block) : output.decode(block)
    if (written === null) return lost(fault, 'damaged lz4 block', at)
    content?.update(written)
    yield written
  }
  if (content !== null) {
    const at = input.offset
    if (!(await input.fill(4))) return lost(fault, 'the lz4 data is cut in the checksum of its content')
    if (u32le(input.take(4), 0) !== content.digest()) {
      fault('the checksum of an lz4 frame is wrong: what was read from it may be wrong', at)
    }
  }
  return true
}

/** The same for the format of `lz4 -l`: no header, no end mark, blocks of 8 MiB that do not depend on each other. */
export async function* lz4LegacyFrame(input: Intake, fault: FrameFault, room: Room): AsyncGenerator<Bytes, boolean> {
  input.take(4)
  const output = blockOutput(room, LEGACY_BLOCK)
  // What a block of 8 MiB can grow to when it does not compress.
  const largest = LEGACY_BLOCK + Math.floor(LEGACY_BLOCK / 255) + 16
  while (await input.fill(4)) {
    const at = input.offset
    const length = u32le(input.bytes, input.at)
    if (length === LZ4_MAGIC || length === LZ4_LEGACY_MAGIC || isSkippable(length)) return true
    if (length > largest) return lost(fault, `damaged lz4 block: ${length} bytes, at most ${largest} are possible`)
    input.take(4)
    output.forget()
    if (!(await input.fill(length))) {
      yield output.decodeCut(restOf(input, length), false)
      return lost(fault, 'the lz4 data is cut in a block')
    }
    const written = output.decode(input.take(length))
    if (written === null) return lost(fault, 'damaged lz4 block', at)
    yield written
  }
  return true
}

/** What is left of a block that is cut. */
const restOf = (input: Intake, length: number): Bytes => input.take(Math.min(length, input.end - input.at))

interface BlockOutput {
  /** Decodes a block behind what was written before; null when it is damaged. */
  decode(block: Bytes): Bytes | null
  /** Decodes the beginning of a block, as far as it goes. */
  decodeCut(block: Bytes, stored: boolean): Bytes
  store(block: Bytes): Bytes
  /** The next block does not refer to those before it. */
  forget(): void
}

/** Room for the history that blocks may refer to, and one block behind it. */
function blockOutput(shared: Room, largest: number): BlockOutput {
  if (shared.bytes.length < HISTORY + largest) shared.bytes = new Uint8Array(HISTORY + largest)
  const room = shared.bytes
  let end = 0
  /** Moves the history to the front; returns where the next block is written. */
  const begin = (): number => {
    if (end > HISTORY) {
      room.copyWithin(0, end - HISTORY, end)
      end = HISTORY
    }
    return end
  }
  const write = (block: Bytes): Decoded => {
    const from = begin()
    const decoded = decodeBlock(block, room, from, Math.min(room.length, from + largest))
    end = decoded.end
    return decoded
  }
  const store = (block: Bytes): Bytes => {
    const from = begin()
    room.set(block, from)
    end = from + block.length
    return room.subarray(from, end)
  }
  return {
    decode(block: Bytes): Bytes | null {
      const decoded = write(block)
      return decoded.whole ? room.subarray(decoded.start, decoded.end) : null
    },
    decodeCut(block: Bytes, stored: boolean): Bytes {
      if (stored) return store(block)
      const decoded = write(block)
      return room.subarray(decoded.start, decoded.end)
    },
    store,
    forget(): void {
      end = 0
    },
  }
}

/** Where a block was written; `whole` is false when it broke off at `end`. */
interface Decoded {
  start: number
  end: number
  whole: boolean
}

/**
 * One block of sequences: a token (literal length, match length less 4), literals, a 16-bit offset back. The last
 * sequence has literals alone. Writes to `out` from `start`, not past `limit`.
 */
function decodeBlock(b: Bytes, out: Bytes, start: number, limit: number): Decoded {
  let at = 0
  let to = start
  while (at < b.length) {
    const token = b[at++]!
    let literals = token >> 4
    if (literals === 15) {
      let more = 255
      while (more === 255 && at < b.length) literals += more = b[at++]!
    }
    const there = Math.min(literals, b.length - at, limit - to)
    for (const stop = at + there; at < stop;) out[to++] = b[at++]!
    if (there < literals) break
    if (at === b.length) return { start, end: to, whole: true }

    if (b.length - at < 2) break
    const back = b[at]! | (b[at + 1]! << 8)
    at += 2
    let match = (token & 15) + 4
    if (match === 19) {
      let more = 255
      while (more === 255 && at < b.length) match += more = b[at++]!
      if (more === 255) break
    }
    if (back === 0 || back > to || match > limit - to) break
    // A match may reach into what it writes itself, so it is copied byte by byte.
    for (let from = to - back, stop = to + match; to < stop;) out[to++] = out[from++]!
  }
  // A block ends in literals: one that is empty or ends in a match is cut.
  return { start, end: to, whole: false }
}
