// The chunked coding's framing (RFC 9112 section 7.1). Chunk data is counted by the caller and never looked at here.
import type { Bytes } from '../../bytes/read.ts'
import { CR, HT, hexValue, LF, SEMICOLON, showByte, SP } from './grammar.ts'
import { HEAD_LIMIT } from './head.ts'

type Phase =
  | 'size-first'
  | 'size'
  | 'size-blank'
  | 'extension'
  | 'size-lf'
  | 'data'
  | 'data-lf'
  | 'trailer-first'
  | 'trailer'
  | 'trailer-lf'
  | 'done'
  | 'broken'

/** Where in a chunked body a stream stands. `remaining` bytes of chunk data come before the next framing byte. */
export interface Chunks {
  phase: Phase
  remaining: number
  /** Bytes of the trailer section so far. */
  trailer: number
  /** When broken: what a person is told. */
  fault: string
  part: 'chunk' | 'header-size'
}

export const newChunks = (): Chunks => ({ phase: 'size-first', remaining: 0, trailer: 0, fault: '', part: 'chunk' })

/**
 * Reads framing bytes from `at` on. Stops behind them where chunk data begins (`remaining` > 0), behind the last byte
 * of the body (`done`), on the byte that breaks the grammar (`broken`), or at `end`. Call only with `remaining` 0.
 */
export function readChunkFraming(c: Chunks, b: Bytes, at: number, end: number): number {
  for (let p = at; p < end; p++) {
    step(c, b[p]!)
    if (c.phase === 'broken') return p
    if (c.phase === 'done' || c.remaining > 0) return p + 1
  }
  return end
}

function step(c: Chunks, byte: number): void {
  switch (c.phase) {
    case 'size-first':
    case 'size':
      readSize(c, byte)
      break
    case 'size-blank':
      if (byte === SP || byte === HT) break
      if (byte === SEMICOLON || byte === CR || byte === LF) readExtension(c, byte)
      else breaks(c, `Chunk size is followed by the byte ${showByte(byte)}`)
      break
    case 'extension':
      readExtension(c, byte)
      break
    case 'size-lf':
      if (byte === LF) endSize(c)
      else breaks(c, 'CR without LF behind a chunk size')
      break
    case 'data':
      // RFC 9112 section 7.1: chunk-data CRLF. A bare LF passes, as everywhere.
      if (byte === CR) c.phase = 'data-lf'
      else if (byte === LF) nextChunk(c)
      else breaks(c, `Chunk data is followed by the byte ${showByte(byte)} where CRLF should be`)
      break
    case 'data-lf':
      if (byte === LF) nextChunk(c)
      else breaks(c, 'CR without LF behind chunk data')
      break
    case 'trailer-first':
    case 'trailer':
    case 'trailer-lf':
      readTrailer(c, byte)
  }
}

function readSize(c: Chunks, byte: number): void {
  const digit = hexValue(byte)
  if (digit >= 0) {
    // While the size line is read, the size gathers below zero: `remaining` above zero means data.
    c.remaining = c.remaining * 16 - digit
    c.phase = 'size'
    if (c.remaining < -Number.MAX_SAFE_INTEGER) breaks(c, 'Chunk size is too large')
  } else if (c.phase === 'size-first') {
    breaks(c, `Chunk size is not a hexadecimal number: it begins with the byte ${showByte(byte)}`)
  } else if (byte === SP || byte === HT) c.phase = 'size-blank'
  else if (byte === SEMICOLON || byte === CR || byte === LF) readExtension(c, byte)
  else breaks(c, `Chunk size holds the byte ${showByte(byte)}`)
}

function readExtension(c: Chunks, byte: number): void {
  if (byte === LF) endSize(c)
  else c.phase = byte === CR ? 'size-lf' : 'extension'
}

function endSize(c: Chunks): void {
  c.remaining = 0 - c.remaining
  c.phase = c.remaining === 0 ? 'trailer-first' : 'data'
}

function nextChunk(c: Chunks): void {
  c.phase = 'size-first'
}

function readTrailer(c: Chunks, byte: number): void {
  if (++c.trailer > HEAD_LIMIT) {
    c.part = 'header-size'
    breaks(c, 'Trailer section is longer than 1 MiB')
  } else if (byte === LF) c.phase = c.phase === 'trailer' ? 'trailer-first' : 'done'
  else if (c.phase === 'trailer-lf') breaks(c, 'CR without LF in the trailer section')
  else c.phase = byte === CR && c.phase === 'trailer-first' ? 'trailer-lf' : 'trailer'
}

function breaks(c: Chunks, text: string): void {
  c.phase = 'broken'
  c.fault = text
}
