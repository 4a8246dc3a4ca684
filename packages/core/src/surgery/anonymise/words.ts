// Words for words. A pseudonym has the letters of either case and the digits where the original has them, and in all as
// many characters of each length in HPACK's Huffman code: so it takes as many bytes wherever it stands. Which of them
// have which length is drawn anew; letter for letter the length would say too much of the word.
import { latin1Bytes } from '../../bytes/read.ts'
import { codeLength } from '../../app/http2/huffman.ts'
import { type Draws, type Keyed, shuffled } from './keyed.ts'

/** Words remembered, and the longest of them. What is not remembered may, hardly ever, stand for two words. */
const REMEMBERED = 1 << 18
const LONGEST = 256
/** Candidates looked at until one is free and is not the word itself. */
const CANDIDATES = 64

/** Characters that may stand in one another's place: `0` to `9` and so on; null: the character stays. */
type Alphabet = (character: string) => string | null

export class WordPermutation {
  readonly known: Map<string, string> = new Map()
  readonly #taken = new Set<string>()
  readonly #keyed: Keyed

  constructor(keyed: Keyed) {
    this.#keyed = keyed
  }

  of(text: string, alphabet: Alphabet = alphabetOf(text)): string {
    const known = this.known.get(text)
    if (known !== undefined) return known
    const isRemembered = text.length <= LONGEST && this.known.size < REMEMBERED
    const result = isRemembered ? this.#free(text, alphabet) : this.#candidate(text, alphabet, 0)
    if (isRemembered) {
      this.known.set(text, result)
      this.#taken.add(result)
    }
    return result
  }

  #free(text: string, alphabet: Alphabet): string {
    let spare: string | null = null
    for (let count = 0; count < CANDIDATES; count++) {
      const candidate = this.#candidate(text, alphabet, count)
      if (this.#taken.has(candidate)) continue
      if (candidate !== text && !this.known.has(candidate)) return candidate
      spare ??= candidate
    }
    return spare ?? this.#candidate(text, alphabet, 0)
  }

  #candidate(text: string, alphabet: Alphabet, count: number): string {
    const draws = this.#keyed.draws(`word ${count}`, latin1Bytes(text))
    const result = Array.from(text)
    const places = new Map<string, number[]>()
    result.forEach((character, at) => {
      const kind = alphabet(character)
      if (kind !== null) places.set(kind, [...(places.get(kind) ?? []), at])
    })
    for (const [kind, at] of places) put(result, kind, at, draws)
    if (isNumber(text) && result[0] === '0') mendZero(result, draws)
    return result.join('')
  }
}

/** Puts other characters of the alphabet at these places, of the same lengths in all. */
function put(result: string[], alphabet: string, places: readonly number[], draws: Draws): void {
  const lengths = shuffled(
    places.map((at) => lengthOf(result[at]!)),
    draws,
  )
  places.forEach((at, i) => {
    const alike = Array.from(alphabet).filter((character) => lengthOf(character) === lengths[i])
    result[at] = alike[draws.below(alike.length)]!
  })
}

/** 1 and 2 are as long as 0. */
function mendZero(result: string[], draws: Draws): void {
  result[0] = '12'[draws.below(2)]!
}

const isNumber = (text: string): boolean => /^[1-9]\d*$/.test(text)

const DIGITS = '0123456789'
const LOWER = 'abcdefghijklmnopqrstuvwxyz'
const UPPER = LOWER.toUpperCase()
const HIGH: string = String.fromCharCode(...Array.from({ length: 128 }, (_, i) => 128 + i))

const common: Alphabet = (c) => {
  if (c >= 'a' && c <= 'z') return LOWER
  if (c >= '0' && c <= '9') return DIGITS
  if (c >= 'A' && c <= 'Z') return UPPER
  return c >= '\x80' ? HIGH : null
}

/** Hexadecimal digits of the case that they are in. */
export const hexadecimal: Alphabet = (c) => {
  if (/[0-9a-f]/.test(c)) return `${DIGITS}abcdef`
  return /[A-F]/.test(c) ? 'ABCDEF' : null
}

/** Digits and letters, of one case: no word is written so. */
export const isHexadecimal = (text: string): boolean =>
  /^(?:[0-9a-f]{4,}|[0-9A-F]{4,})$/.test(text) && /\d/.test(text) && /[a-f]/i.test(text)

const alphabetOf = (text: string): Alphabet => (isHexadecimal(text) ? hexadecimal : common)

const lengthOf = (character: string): number => codeLength(character.charCodeAt(0))
