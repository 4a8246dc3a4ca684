// Numbers that follow from a key and a text, and look like chance to whoever has no key: HMAC-SHA-256 (RFC 2104).
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type { Bytes } from '../../bytes/read.ts'

export class Keyed {
  readonly #state: ReturnType<typeof hmac.create>

  constructor(key: Bytes) {
    this.#state = hmac.create(sha256, key)
  }

  /** 32 bytes. `use` keeps apart what the same bytes are asked for. */
  digest(use: string, ...parts: readonly Bytes[]): Bytes {
    const state = this.#state.clone()
    state.update(new TextEncoder().encode(`${use}\0`))
    for (const part of parts) state.update(part)
    return state.digest()
  }

  draws(use: string, ...parts: readonly Bytes[]): Draws {
    return new Draws(this.digest(use, ...parts))
  }
}

/** Draws from a seed, as many as are wanted: block n is the hash of the seed and n. */
export class Draws {
  readonly #seed: Bytes
  #block: Bytes
  #count = 0
  #at = 0

  constructor(seed: Bytes) {
    this.#seed = seed
    this.#block = seed
    this.#at = seed.length
  }

  byte(): number {
    if (this.#at === this.#block.length) {
      const count = this.#count++
      this.#block = sha256(
        Uint8Array.of(...this.#seed, count & 0xff, (count >> 8) & 0xff, (count >> 16) & 0xff, count >>> 24),
      )
      this.#at = 0
    }
    return this.#block[this.#at++]!
  }

  /** 0 to `count - 1`, for counts far below 2^24: that some numbers are likelier by a hair does no harm. */
  below(count: number): number {
    return ((this.byte() << 16) | (this.byte() << 8) | this.byte()) % count
  }
}

/** The items in another order. */
export function shuffled<T>(items: readonly T[], draws: Draws): T[] {
  const result = [...items]
  for (let i = result.length - 1; i > 0; i--) swap(result, i, draws.below(i + 1))
  return result
}

/** What stands for each item: another one, of two or more (Sattolo's algorithm: one cycle, so that none stays). */
export function permuted<T>(items: readonly T[], draws: Draws): Map<T, T> {
  const result = [...items]
  for (let i = result.length - 1; i > 0; i--) swap(result, i, draws.below(i))
  return new Map(items.map((item, i) => [item, result[i]!]))
}

function swap<T>(items: T[], i: number, j: number): void {
  ;[items[i], items[j]] = [items[j]!, items[i]!]
}
