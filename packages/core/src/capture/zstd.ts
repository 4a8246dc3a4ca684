// zstd frames (RFC 8878). The frame and block headers are walked here: that gives several frames, the place of damage
// and the checksum, which the decoder of blocks (fzstd) leaves aside.
import { Decompress } from 'fzstd'
import { u16le, u32le, type Bytes } from '../bytes/read.ts'
import { lost, type FrameFault } from './frame-fault.ts'
import type { Intake } from './intake.ts'
import { xxh64, type Hash } from './xxhash.ts'

export const ZSTD_MAGIC = 0xfd2fb528

/** Frame header descriptor (section 3.1.1.1.1). */
const SINGLE_SEGMENT = 0x20
const RESERVED = 0x08
const CONTENT_CHECKSUM = 0x04
const DICTIONARY_ID = 0x03

/**
 * The largest window that is decoded. The format asks readers for 8 MiB; `zstd` itself stops at 128 MiB. Beyond 96 MiB
 * fzstd 0.1.1 reads some offsets wrongly without noticing (it takes at most 25 of their bits), so 64 MiB it is.
 */
const LARGEST_WINDOW = 64 * 1024 * 1024
const LARGEST_BLOCK = 128 * 1024

const BLOCK_HEADER = 3
const RLE_BLOCK = 1
const RESERVED_BLOCK = 3

/**
 * The content of the frame that begins at the intake, block by block. Returns true when the frame ended well and another
 * may follow.
 */
export async function* zstdFrame(input: Intake, fault: FrameFault): AsyncGenerator<Bytes, boolean> {
  const start = input.offset
  const header = await readHeader(input, fault)
  if (header === null) return false
  const content: Hash | null = header.checksum ? xxh64() : null
  const largest = Math.min(LARGEST_BLOCK, header.window)
  const decoded: Bytes[] = []
  const decoder = blockDecoder(header.window, (bytes) => decoded.push(bytes))
  let size = 0
  for (let last = false; !last;) {
    const at = input.offset
    if (!(await input.fill(BLOCK_HEADER))) return lost(fault, 'the zstd data is cut between two blocks', at)
    const first = input.bytes[input.at]!
    const blockSize = u16le(input.bytes, input.at + 1) * 32 + (first >> 3)
    const type = (first >> 1) & 3
    last = (first & 1) === 1
    if (type === RESERVED_BLOCK || blockSize > largest) return lost(fault, 'damaged zstd block header', at)
    const length = BLOCK_HEADER + (type === RLE_BLOCK ? 1 : blockSize)
    if (!(await input.fill(length))) return lost(fault, 'the zstd data is cut in a block', at)
    decoded.length = 0
    try {
      decoder(input.take(length), last)
    } catch {
      return lost(fault, 'damaged zstd block', at)
    }
    for (const bytes of decoded) {
      size += bytes.length
      content?.update(bytes)
      if (bytes.length > 0) yield bytes
    }
  }
  if (content !== null) {
    const at = input.offset
    if (!(await input.fill(4))) return lost(fault, 'the zstd data is cut in the checksum of its content', at)
    if (u32le(input.take(4), 0) !== content.digest()) {
      fault('the checksum of a zstd frame is wrong: what was read from it may be wrong', at)
      return true
    }
  }
  if (header.contentSize !== null && header.contentSize !== size) {
    fault(
      `a zstd frame announces ${header.contentSize} bytes and holds ${size}: what was read from it may be wrong`,
      start,
    )
  }
  return true
}

interface FrameHeader {
  window: number
  /** Bytes of content, or null when the header does not say. */
  contentSize: number | null
  checksum: boolean
}

/** Section 3.1.1.1; null after a fault. */
async function readHeader(input: Intake, fault: FrameFault): Promise<FrameHeader | null> {
  const refuse = (text: string): null => {
    lost(fault, text)
    return null
  }
  if (!(await input.fill(6))) return refuse('the zstd data is cut in a frame header')
  const flags = input.bytes[input.at + 4]!
  if (flags & RESERVED) return refuse('damaged zstd frame header')
  const windowLength = flags & SINGLE_SEGMENT ? 0 : 1
  const dictionaryLength = [0, 1, 2, 4][flags & DICTIONARY_ID]!
  const sizeLength = [flags & SINGLE_SEGMENT ? 1 : 0, 2, 4, 8][flags >> 6]!
  const sizeAt = 5 + windowLength + dictionaryLength
  if (!(await input.fill(sizeAt + sizeLength))) return refuse('the zstd data is cut in a frame header')
  const b = input.bytes.subarray(input.at, input.at + sizeAt + sizeLength)
  if (b.subarray(5 + windowLength, sizeAt).some((byte) => byte !== 0))
    return refuse('the zstd frame needs a dictionary')
  const contentSize = [
    () => (sizeLength === 1 ? b[sizeAt]! : null),
    () => u16le(b, sizeAt) + 256,
    () => u32le(b, sizeAt),
    () => u32le(b, sizeAt) + u32le(b, sizeAt + 4) * 2 ** 32,
  ][flags >> 6]!()
  const base = 2 ** (10 + (b[5]! >> 3))
  const window = windowLength === 0 ? contentSize! : base + (base / 8) * (b[5]! & 7)
  if (window > LARGEST_WINDOW) {
    const size = `a window of ${Math.round(window / 2 ** 20)} MiB, more than the ${LARGEST_WINDOW / 2 ** 20} MiB that are read`
    return refuse(`the zstd frame needs ${size}: decompress it with zstd -d --long=31 first`)
  }
  input.take(b.length)
  return { window, contentSize, checksum: (flags & CONTENT_CHECKSUM) !== 0 }
}

/** What fzstd has of a frame: its window, of which it moves every byte for each block, and the window's length. */
interface FrameState {
  w: Bytes
  e: number
}

/**
 * As long as fzstd waits for before it looks: no checksum, since then a frame is over with its last block; a window of
 * 128 KiB, which it would else allocate for each frame; no dictionary, and a content size that it does not use.
 */
const HEADER = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xc3, 0x38, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)

/** Decodes one frame's blocks, each given whole with its header. */
function blockDecoder(window: number, found: (bytes: Bytes) => void): (block: Bytes, last: boolean) => void {
  const history = new History(window)
  let newest: Bytes | null = null
  const decoder = new Decompress((bytes) => {
    found(bytes)
    if (bytes.length === 0) return
    newest = bytes
    // It now moves its window by the block and puts the block at the end: in the block itself nothing moves.
    state.w = bytes
  })
  decoder.push(HEADER)
  const state = (decoder as unknown as { s: FrameState }).s
  return (block, last) => {
    // In two pieces, since fzstd keeps a reference to whatever came in one piece for as long as the frame lasts.
    // It also keeps a piece that is too short until the next, so each gets a copy.
    decoder.push(block.slice(0, -1))
    decoder.push(block.slice(-1), last)
    if (newest === null) return
    state.w = history.after(newest)
    state.e = state.w.length
    newest = null
  }
}

/** The last bytes of a frame, as many as its window has: memory and time go by what the frame holds, not by its header. */
class History {
  readonly #window: number
  #room: Bytes = new Uint8Array(LARGEST_BLOCK)
  #end = 0

  constructor(window: number) {
    this.#window = window
  }

  /** The window behind a block. */
  after(block: Bytes): Bytes {
    if (this.#end + block.length > this.#room.length) this.#makeRoom(block.length)
    this.#room.set(block, this.#end)
    this.#end += block.length
    return this.#room.subarray(Math.max(0, this.#end - this.#window), this.#end)
  }

  /** Twice as much as before; at most so much beside the window that its bytes are seldom moved. */
  #makeRoom(length: number): void {
    const kept = Math.min(this.#end, this.#window)
    const most = this.#window + Math.max(this.#window >> 2, 1 << 20)
    const size = Math.min(Math.max(2 * this.#room.length, kept + length), most)
    const room = size > this.#room.length ? new Uint8Array(size) : this.#room
    room.set(this.#room.subarray(this.#end - kept, this.#end))
    this.#room = room
    this.#end = kept
  }
}
