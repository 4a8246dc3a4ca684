// Fragmented datagrams of a capture (RFC 791 section 3.2, RFC 8200 section 4.5): gathered in the first reading, so that
// in the second one each fragment can be made of the whole datagram, anonymised.
import { type Datagram, type Fragment, Reassembly } from '../../wire/fragments.ts'

/** Bytes of datagrams held. What is beyond them is filled. */
const LIMIT = 64 << 20

export interface Gathered {
  datagram: Datagram
  /** Number in the cut of the packet that completed it. */
  number: number
  /** It was made what is to be written, in place. */
  isAnonymised: boolean
}

export class FragmentedDatagrams {
  readonly #reassembly = new Reassembly()
  /** Fragments that wait for others: their numbers in the cut, by datagram. */
  readonly #waiting = new Map<string, number[]>()
  readonly #byNumber = new Map<number, Gathered>()
  readonly #latest = new Map<string, Gathered>()
  #left = LIMIT

  /** Takes the fragment in the packet with this number. */
  add(fragment: Fragment, number: number): void {
    const result = this.#reassembly.add(fragment)
    if (result === 'malformed') return
    const numbers = this.#waiting.get(fragment.key) ?? []
    numbers.push(number)
    if (result === 'pending') {
      this.#waiting.set(fragment.key, numbers)
      return
    }
    this.#waiting.delete(fragment.key)
    if ((this.#left -= result.bytes.length) < 0) return
    const gathered: Gathered = { datagram: result, number, isAnonymised: false }
    for (const one of numbers) this.#byNumber.set(one, gathered)
    this.#latest.set(fragment.key, gathered)
  }

  /** The datagram of which this fragment is; null where it never became whole. */
  of({ key }: Fragment, number: number): Gathered | null {
    // A copy of a fragment that came behind the whole datagram.
    return this.#byNumber.get(number) ?? this.#latest.get(key) ?? null
  }
}

/** Makes the captured payload of a fragment what the datagram says. Answers where the datagram does not reach. */
export function takeFrom({ bytes, payloadAt, end }: Datagram, fragment: Fragment): number {
  const from = payloadAt + fragment.offset
  const length = Math.max(0, Math.min(fragment.end - fragment.at, end - from))
  fragment.bytes.set(bytes.subarray(from, from + length), fragment.at)
  return fragment.at + length
}
