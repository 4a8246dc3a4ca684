// Addresses for addresses. Those of one network stay in one network, at octets (IPv4) and hexadecimal digits (IPv6), and
// each octet and group keeps its number of digits, so that an address in a text keeps its length. What an address is by
// its number alone stays true: private, loopback, link-local, multicast (RFC 6890).
//
// Each octet is mapped by a permutation that depends on what stands before it. No octet stays but those that say what
// kind of address it is, so no address stands for itself unless all of it is of that kind.
import { type Bytes, hexOf, unhex } from '../../bytes/read.ts'
import { type Keyed, permuted } from './keyed.ts'

/** Permutations remembered; beyond it they are made again. */
const REMEMBERED = 65_536

export class AddressPermutation {
  readonly #keyed: Keyed
  readonly #known = new Map<string, ReadonlyMap<number, number>>()

  constructor(keyed: Keyed) {
    this.#keyed = keyed
  }

  /** Of 4 or 16 bytes, as many. */
  of(original: Bytes): Bytes {
    return original.length === 4 ? this.#ip4(original) : this.#ip6(original)
  }

  /** The last three bytes of an IPv6 address, as solicited-node multicast addresses and their MACs hold them. */
  tail(last: Bytes): Bytes {
    return this.#digits(last, 'solicited')
  }

  #ip4(original: Bytes): Bytes {
    const [a] = original
    // This network, loopback, multicast, reserved with broadcast.
    if (a === 0 || a === 127 || a! >= 224) return original.slice()
    const result = new Uint8Array(4)
    for (let i = 0; i < 4; i++) {
      const octet = original[i]!
      const alike = octetsLike(original, i)
      result[i] =
        alike.length < 2 ? octet : this.#permutation(`4 ${original.subarray(0, i).join('.')}`, alike).get(octet)!
    }
    return result
  }

  #ip6(original: Bytes): Bytes {
    const hex = hexOf(original)
    if (/^0{31}/.test(hex)) return original.slice() // :: and ::1
    if (hex.startsWith(MAPPED)) {
      return Uint8Array.of(...original.subarray(0, 12), ...this.#ip4(original.subarray(12)))
    }
    if (hex.startsWith(SOLICITED_NODE)) {
      return Uint8Array.of(...original.subarray(0, 13), ...this.tail(original.subarray(13)))
    }
    if (original[0] === 0xff) return original.slice()
    let result = ''
    for (let group = 0; group < 32; group += 4) result += this.#group(hex, group)
    return unhex(result)
  }

  /** Leading zeros stay, so the rest keeps its number of digits. */
  #group(hex: string, from: number): string {
    let result = ''
    for (let at = from; at < from + 4; at++) {
      const digit = Number.parseInt(hex[at]!, 16)
      const isLeading = /^0*$/.test(result)
      if (at < fixedDigits(hex) || (isLeading && digit === 0)) result += hex[at]
      else {
        const alike = isLeading ? HEX_DIGITS.slice(1) : HEX_DIGITS
        result += this.#permutation(`6 ${hex.slice(0, at)}`, alike)
          .get(digit)!
          .toString(16)
      }
    }
    return result
  }

  #digits(original: Bytes, use: string): Bytes {
    const hex = hexOf(original)
    return unhex(
      Array.from(hex, (digit, at) =>
        this.#permutation(`${use} ${hex.slice(0, at)}`, HEX_DIGITS)
          .get(Number.parseInt(digit, 16))!
          .toString(16),
      ).join(''),
    )
  }

  #permutation(prefix: string, alike: readonly number[]): ReadonlyMap<number, number> {
    const key = `${prefix} ${alike[0]} ${alike.length}`
    let known = this.#known.get(key)
    if (known === undefined) {
      if (this.#known.size >= REMEMBERED) this.#known.clear()
      this.#known.set(key, (known = permuted(alike, this.#keyed.draws(key))))
    }
    return known
  }
}

/** ::ffff:0:0/96 (RFC 4291 section 2.5.5.2): an IPv4 address stands at the end. */
const MAPPED = '00000000000000000000ffff'
/** ff02::1:ff00:0/104 (RFC 4291 section 2.7.1). */
const SOLICITED_NODE = 'ff0200000000000000000001ff'

const HEX_DIGITS: readonly number[] = Array.from({ length: 16 }, (_, digit) => digit)

/** Digits that say what an IPv6 address is: reserved, unique local, link-local and the like, else its first one. */
function fixedDigits(hex: string): number {
  // Beside mapped addresses, and 64:ff9b::/96 (RFC 6052), the text of which has no dots.
  if (hex.startsWith('0'.repeat(20))) return 24
  if (hex.startsWith('00')) return 8
  if (/^f[cd]/.test(hex)) return 2
  return hex.startsWith('f') ? 4 : 1
}

/** First octets with private, shared or link-local networks in them. */
const PARTLY_SPECIAL: ReadonlySet<number> = new Set([100, 169, 172, 192])

/** The octets of which one stands for the octet `at` of an address; one of them or none: it stays. */
function octetsLike(address: Bytes, at: number): readonly number[] {
  const octet = address[at]!
  const [low, high] = octet < 10 ? [at === 0 || at === 3 ? 1 : 0, 9] : octet < 100 ? [10, 99] : [100, 255]
  const isAlike = kindOf(address, at)
  if (octet < low) return []
  const kind = isAlike(octet)
  return Array.from({ length: high - low + 1 }, (_, i) => low + i).filter((other) => isAlike(other) === kind)
}

/** What an octet at this place of the address says beside its value: octets that say the same stand for one another. */
function kindOf([first]: Bytes, at: number): (octet: number) => string {
  // A network's broadcast address often ends so, and nothing else does.
  if (at === 3) return (octet) => (octet === 255 ? 'broadcast' : 'host')
  if (at === 2) return () => 'any'
  if (at === 0) {
    return (octet) =>
      octet === 10 || octet === 127 || octet >= 224 || PARTLY_SPECIAL.has(octet) ? `${octet}` : 'public'
  }
  switch (first) {
    case 100: // 100.64.0.0/10
      return (octet) => (octet >= 64 && octet < 128 ? 'shared' : 'public')
    case 169: // 169.254.0.0/16
      return (octet) => (octet === 254 ? 'link-local' : 'public')
    case 172: // 172.16.0.0/12
      return (octet) => (octet >= 16 && octet < 32 ? 'private' : 'public')
    case 192: // 192.168.0.0/16
      return (octet) => (octet === 168 ? 'private' : 'public')
    default:
      return () => 'any'
  }
}
