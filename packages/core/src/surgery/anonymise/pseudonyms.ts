// Pseudonyms by key: the same key gives the same ones, and without it nobody finds the way back. What was asked for is
// remembered, for whoever wants the list.
import { formatAddress, parseAddress } from '../../bytes/address.ts'
import { type Bytes, u16 } from '../../bytes/read.ts'
import { AddressPermutation } from './addresses.ts'
import type { Pseudonyms } from './contract.ts'
import { Keyed } from './keyed.ts'
import { hexadecimal, isHexadecimal, WordPermutation } from './words.ts'

const REMEMBERED = 1 << 18

/** Original → pseudonym. */
export interface Mapping {
  addresses: { [original: string]: string }
  macs: { [original: string]: string }
  words: { [original: string]: string }
}

export class KeyedPseudonyms implements Pseudonyms {
  readonly #keyed: Keyed
  readonly #permutation: AddressPermutation
  readonly #words: WordPermutation
  /** Of what would not stay hexadecimal as a word. */
  readonly #hexadecimals: WordPermutation
  readonly #addresses = new Map<string, Bytes>()
  readonly #macs = new Map<string, Bytes>()

  /** Any bytes; from 16 random ones on nobody guesses them. */
  constructor(key: Bytes) {
    this.#keyed = new Keyed(key)
    this.#permutation = new AddressPermutation(this.#keyed)
    this.#words = new WordPermutation(this.#keyed)
    this.#hexadecimals = new WordPermutation(this.#keyed)
  }

  address(original: Bytes): Bytes {
    return remembered(this.#addresses, addressText(original), () => this.#permutation.of(original))
  }

  addressText(text: string): string | null {
    const original = parseAddress(text)
    return original === null ? null : rewritten(text, original, this.address(original))
  }

  mac(original: Bytes): Bytes {
    return remembered(this.#macs, macText(original), () => this.#mac(original))
  }

  #mac(original: Bytes): Bytes {
    const [first, second, third] = original
    if (first === 0x33 && second === 0x33 && third === 0xff) {
      return Uint8Array.of(0x33, 0x33, 0xff, ...this.#permutation.tail(original.subarray(3)))
    }
    if (original.every((byte) => byte === 0) || isCommonGroup(original)) return original.slice()
    const result = this.#keyed.digest('mac', original).slice(0, 6)
    // Nobody's network card: locally administered.
    result[0] = (result[0]! & ~GROUP) | LOCAL | (first! & GROUP)
    return result
  }

  word(text: string): string {
    return this.#words.of(text)
  }

  name(text: string): string {
    const lower = text.replaceAll(/[A-Z]+/g, (upper) => upper.toLowerCase())
    const pseudonym = this.#words.of(lower)
    if (lower === text) return pseudonym
    return Array.from(pseudonym, (c, at) => (lower[at] === text[at] ? c : c.toUpperCase())).join('')
  }

  hex(text: string): string {
    return isHexadecimal(text) ? this.#words.of(text) : this.#hexadecimals.of(text, hexadecimal)
  }

  noise(original: Bytes): Bytes {
    const draws = this.#keyed.draws('noise', original)
    return Uint8Array.from(original, () => draws.byte())
  }

  /** What was asked for so far. */
  get mapping(): Mapping {
    return {
      addresses: Object.fromEntries([...this.#addresses].map(([original, bytes]) => [original, addressText(bytes)])),
      macs: Object.fromEntries([...this.#macs].map(([original, bytes]) => [original, macText(bytes)])),
      words: Object.fromEntries([...this.#hexadecimals.known, ...this.#words.known]),
    }
  }

  /** An address was given that is also the original of another: nobody could tell by looking that it is not left over. */
  get isMistakable(): boolean {
    return [...this.#addresses.values()].some((bytes) => {
      const text = addressText(bytes)
      const its = this.#addresses.get(text)
      return its !== undefined && addressText(its) !== text
    })
  }
}

/** Bits of a MAC's first byte (IEEE 802 section 8.2). */
const GROUP = 1
const LOCAL = 2

/** Broadcast; groups of IPv6, IPv4, IEEE 802 protocols, Cisco's: what everybody has. */
const COMMON_GROUPS: readonly (readonly number[])[] = [
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x33, 0x33],
  [0x01, 0x00, 0x5e],
  [0x01, 0x80, 0xc2],
  [0x01, 0x00, 0x0c],
]
const IP4_GROUP = [0x01, 0x00, 0x5e, 0x7f]
const SSDP = [0x01, 0x00, 0x5e, 0x7f, 0xff, 0xfa]

/** Clusters make groups of their own of their IPv4 address (Network Load Balancing: 03-bf, or 01-00-5e-7f). */
const isCommonGroup = (mac: Bytes): boolean =>
  COMMON_GROUPS.some((group) => begins(mac, group)) && (!begins(mac, IP4_GROUP) || begins(mac, SSDP))

const begins = (mac: Bytes, prefix: readonly number[]): boolean => prefix.every((byte, i) => mac[i] === byte)

const macText = (mac: Bytes): string => Array.from(mac, (byte) => byte.toString(16).padStart(2, '0')).join(':')

const addressText = (address: Bytes): string => formatAddress(address, 0, address.length === 4 ? 4 : 6)

function remembered(known: Map<string, Bytes>, original: string, make: () => Bytes): Bytes {
  let result = known.get(original)
  if (result === undefined) {
    result = make()
    if (known.size < REMEMBERED) known.set(original, result)
  }
  return result
}

/** The pseudonym in the very form of the text: zeros in front, letters in upper case, groups left out. */
function rewritten(text: string, original: Bytes, pseudonym: Bytes): string {
  if (original.length === 4) return padded(text, /\d+/g, Array.from(pseudonym, String))
  const front = text.includes('.') ? text.slice(0, text.lastIndexOf(':') + 1) : text
  const [before, all] = [groupsIn(front.split('::')[0]!), groupsIn(front)]
  // What stands behind `::` counts from the end.
  const last = front === text ? 8 : 6
  const groups = Array.from({ length: all }, (_, i) => {
    const group = front.includes('::') && i >= before ? last - all + i : i
    return u16(pseudonym, 2 * group).toString(16)
  })
  const dotted = Array.from(pseudonym.subarray(12), String)
  return padded(front, /[0-9a-f]+/gi, groups) + padded(text.slice(front.length), /\d+/g, dotted)
}

const groupsIn = (part: string): number => part.match(/[0-9a-f]+/gi)?.length ?? 0

function padded(text: string, pattern: RegExp, values: readonly string[]): string {
  const isUpper = /[A-F]/.test(text)
  let next = 0
  return text.replaceAll(pattern, (found) => {
    const value = (values[next++] ?? '').padStart(found.length, '0')
    return isUpper ? value.toUpperCase() : value
  })
}
