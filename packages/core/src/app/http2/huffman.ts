// The Huffman code of HPACK (RFC 7541 section 5.2 and appendix B).
//
// The code is canonical: codes of one length are consecutive numbers in the order of their symbols, and the first of a
// length follows from the last of the length before. So lengths are all there is to know of the table.
import type { Bytes } from '../../bytes/read.ts'

/** Symbols by the length of their code in bits; the last one, above all bytes, is EOS. */
const SYMBOLS: readonly (readonly [bits: number, symbols: string])[] = [
  [5, '012aceiost'],
  [6, ' %-./3456789=A_bdfghlmnpru'],
  [7, ':BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz'],
  [8, '&*,;XZ'],
  [10, '!"()?'],
  [11, "'+|"],
  [12, '#>'],
  [13, '\x00$@[]~'],
  [14, '^}'],
  [15, '<`{'],
  [19, '\\\xc3\xd0'],
  [20, '\x80\x82\x83\xa2\xb8\xc2\xe0\xe2'],
  [21, '\x99\xa1\xa7\xac\xb0\xb1\xb3\xd1\xd8\xd9\xe3\xe5\xe6'],
  [22, '\x81\x84\x85\x86\x88\x92\x9a\x9c\xa0\xa3\xa4\xa9\xaa\xad\xb2\xb5\xb9\xba\xbb\xbd\xbe\xc4\xc6\xe4\xe8\xe9'],
  [
    23,
    '\x01\x87\x89\x8a\x8b\x8c\x8d\x8f\x93\x95\x96\x97\x98\x9b\x9d\x9e\xa5\xa6\xa8\xae\xaf\xb4\xb6\xb7\xbc\xbf\xc5\xe7\xef',
  ],
  [24, '\x09\x8e\x90\x91\x94\x9f\xab\xce\xd7\xe1\xec\xed'],
  [25, '\xc7\xcf\xea\xeb'],
  [26, '\xc0\xc1\xc8\xc9\xca\xcd\xd2\xd5\xda\xdb\xee\xf0\xf2\xf3\xff'],
  [27, '\xcb\xcc\xd3\xd4\xd6\xdd\xde\xdf\xf1\xf4\xf5\xf6\xf7\xf8\xfa\xfb\xfc\xfd\xfe'],
  [
    28,
    '\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x10\x11\x12\x13\x14\x15\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f\xdc\xf9',
  ],
  [30, '\x0a\x0d\x16\u0100'],
]

const EOS = 256
const LONGEST = 30

/** By length in bits: the first code, and all symbols. */
const FIRST: readonly number[] = firstCodes()
const OF_LENGTH: readonly string[] = Array.from({ length: LONGEST + 1 }, (_, bits) => symbolsOf(bits))

function symbolsOf(bits: number): string {
  return SYMBOLS.find(([length]) => length === bits)?.[1] ?? ''
}

function firstCodes(): number[] {
  const first = [0]
  for (let bits = 1; bits <= LONGEST; bits++) first.push((first[bits - 1]! + symbolsOf(bits - 1).length) * 2)
  return first
}

/** Length in bits and code of each byte. */
const CODES: readonly (readonly [bits: number, code: number])[] = codes()

function codes(): [number, number][] {
  const table: [number, number][] = []
  for (const [bits, symbols] of SYMBOLS) {
    for (let i = 0; i < symbols.length; i++) table[symbols.charCodeAt(i)] = [bits, FIRST[bits]! + i]
  }
  return table
}

/** Bits that the code of a byte takes, 5 to 30. */
export const codeLength = (byte: number): number => CODES[byte]![0]

/** The encoding of a text, a byte a character, with its padding. */
export function encodeHuffman(text: string): Bytes {
  let bits = 0
  for (let i = 0; i < text.length; i++) bits += codeLength(text.charCodeAt(i))
  const b = new Uint8Array(Math.ceil(bits / 8)).fill(0xff)
  let at = 0
  for (let i = 0; i < text.length; i++) {
    const [length, code] = CODES[text.charCodeAt(i)]!
    for (let bit = length - 1; bit >= 0; bit--, at++) {
      if (((code >> bit) & 1) === 0) b[at >> 3]! &= ~(0x80 >> (at & 7))
    }
  }
  return b
}

/** The text that `b[at..end)` encodes, a character a byte; null where that is no valid encoding. */
export function decodeHuffman(b: Bytes, at: number, end: number): string | null {
  let text = ''
  let code = 0
  let bits = 0
  for (let p = at; p < end; p++) {
    const byte = b[p]!
    for (let shift = 7; shift >= 0; shift--) {
      code = (code << 1) | ((byte >> shift) & 1)
      bits++
      const index = code - FIRST[bits]!
      if (index >= OF_LENGTH[bits]!.length) {
        if (bits === LONGEST) return null
        continue
      }
      const symbol = OF_LENGTH[bits]!.charCodeAt(index)
      if (symbol === EOS) return null
      text += String.fromCharCode(symbol)
      code = 0
      bits = 0
    }
  }
  // RFC 7541 section 5.2: padding is less than a byte, and its bits are those that EOS begins with, ones.
  return bits < 8 && code === (1 << bits) - 1 ? text : null
}
