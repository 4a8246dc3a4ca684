// Random numbers that can be had again: the same seed gives the same ones on any machine.

/** Numbers of a seed: Marsaglia's xorshift of 32 bits, multiplied so that the low bits are as good as the high ones. */
export class Random {
  #state: number

  constructor(seed: number) {
    // Zero would stay zero.
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x6b79d38d) >>> 0 || 1
  }

  /** The next 32 bits. */
  word(): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x >>> 0
    return (Math.imul(x, 0x2c1b3c6d) ^ (x >>> 15)) >>> 0
  }

  /** 0 to `count` - 1. */
  below(count: number): number {
    return count <= 1 ? 0 : this.word() % count
  }

  /** True one time in `n`. */
  oneIn(n: number): boolean {
    return this.below(n) === 0
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }

  /** 1 and more, each further one half as likely, up to `most`. */
  few(most: number): number {
    let count = 1
    while (count < most && this.oneIn(2)) count++
    return count
  }
}

/** A seed for one of many runs of a name. */
export function seedOf(name: string, seed: number): number {
  let h = seed ^ 0x811c9dc5
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193)
  return h >>> 0
}
