// Cuts a stream of chunks into the records of a capture format. A record that lies whole in a chunk is read in place;
// only one that straddles two chunks is copied, into a buffer that is used again.
import type { Bytes } from '../bytes/read.ts'
import type { CaptureInfo, PacketSink } from './packet.ts'
import { addFault, bytesText } from './faults.ts'
import { type LengthAt, Search } from './resume.ts'

/** What the cutter and the format tell each other beside the bytes. */
export interface Feed {
  /** Byte offset in the capture of the record that is being read. */
  offset: number
  /** Set by the format: bytes behind this record to pass over without looking at them. */
  skip: number
  /** Set by the format: nothing more can be read. */
  stopped: boolean
}

export interface RecordReader {
  /**
   * Reads the record that begins at `bytes[at]`; the bytes reach to `end`. Returns how many bytes it needs. When they
   * are there, the record has been read; when they are not, nothing has happened, and the call is made again with
   * that many (a header first, then the whole record). It takes no fewer than it last asked for, and never asks for
   * more than it would want in memory at once.
   */
  read(bytes: Bytes, at: number, end: number, feed: Feed, sink: PacketSink): number
  /**
   * The file ended in the record at `feed.offset`: `need` bytes were asked for, `bytes[0]` to `bytes[had - 1]` are
   * there. With `feed.skip` above 0 the file ended in bytes to be passed over, and `need` and `had` are 0.
   */
  cut(bytes: Bytes, had: number, need: number, feed: Feed): void
  /** For going on behind damage. */
  lengthAt: LengthAt
  /** Forgets the record that was begun: another begins now. */
  restart(): void
}

export interface RecordCutter {
  push(chunk: Bytes, sink: PacketSink): void
  end(sink: PacketSink): void
}

const FIRST_CARRY = 4096

/** `damaged`: where the faults are kept of a capture that is read on behind them; null: it is not. */
export function recordCutter(reader: RecordReader, damaged: CaptureInfo | null = null): RecordCutter {
  const feed: Feed = { offset: 0, skip: 0, stopped: false }
  let carry: Bytes = new Uint8Array(FIRST_CARRY)
  let carried = 0
  let need = 0
  let search: Search | null = null

  const keep = (chunk: Bytes, from: number, to: number): void => {
    if (carry.length < need) {
      const grown = new Uint8Array(Math.max(need, carry.length * 2))
      grown.set(carry.subarray(0, carried))
      carry = grown
    }
    carry.set(chunk.subarray(from, to), carried)
    carried += to - from
  }

  /** Goes on with the record begun in earlier chunks; returns where the chunk's own records begin. */
  const complete = (chunk: Bytes, sink: PacketSink): number => {
    let at = 0
    while (carried > 0) {
      const taken = Math.min(need - carried, chunk.length - at)
      keep(chunk, at, at + taken)
      at += taken
      if (carried < need) return at
      need = reader.read(carry, 0, carried, feed, sink)
      if (feed.stopped) return at
      if (need <= carried) {
        feed.offset += need
        carried = 0
      }
    }
    return at
  }

  /** Reads records; returns where reading stopped, which is the end but for damage. */
  const readOn = (chunk: Bytes, sink: PacketSink): number => {
    const end = chunk.length
    let at = complete(chunk, sink)
    while (at < end && !feed.stopped) {
      if (feed.skip > 0 && damaged !== null) {
        addFault(damaged, feed.offset, true, 'so large a block is rather a damaged length')
        feed.stopped = true
        break
      }
      if (feed.skip > 0) {
        const passed = Math.min(feed.skip, end - at)
        at += passed
        feed.offset += passed
        feed.skip -= passed
        continue
      }
      const length = reader.read(chunk, at, end, feed, sink)
      if (length > end - at) {
        need = length
        keep(chunk, at, end)
        return end
      }
      at += length
      if (!feed.stopped) feed.offset += length
    }
    return at
  }

  /** Looks for a record in what was held back of the damaged one, then in what follows. */
  const beginSearch = (sink: PacketSink): void => {
    search = new Search(feed.offset, reader.lengthAt)
    const held = carry.slice(0, carried)
    carried = 0
    searchIn(held, 0, sink)
  }

  /** Takes bytes into the search, and reads on where it finds a record. */
  const searchIn = (chunk: Bytes, from: number, sink: PacketSink): void => {
    let at = from
    while (at < chunk.length) {
      if (search === null) {
        at += readOn(chunk.subarray(at), sink)
        if (!feed.stopped) return
        beginSearch(sink)
      } else {
        at += search.take(chunk, at)
        const found = search.found(false)
        if (found !== null) resume(found, sink)
      }
    }
  }

  const resume = (found: Bytes, sink: PacketSink): void => {
    const { offset } = search!
    search = null
    const fault = damaged!.faults.at(-1)!
    const what = fault.text.replace('; everything from here on is lost', '').replace(/^the last /, 'a ')
    fault.text = `${what}; ${bytesText(offset - fault.offset)} lost, it goes on at byte ${offset}`
    fault.fatal = false
    feed.offset = offset
    feed.skip = 0
    feed.stopped = false
    reader.restart()
    searchIn(found, 0, sink)
  }

  return {
    push(chunk: Bytes, sink: PacketSink): void {
      if (damaged !== null) searchIn(chunk, 0, sink)
      else if (!feed.stopped) readOn(chunk, sink)
    },
    end(sink: PacketSink): void {
      for (;;) {
        if (!feed.stopped && (carried > 0 || feed.skip > 0)) {
          reader.cut(carry, carried, carried > 0 ? need : 0, feed)
          feed.stopped = true
          if (damaged !== null) beginSearch(sink)
        }
        const found = search?.found(true) ?? null
        if (found === null) break
        resume(found, sink)
      }
      feed.stopped = true
    },
  }
}
