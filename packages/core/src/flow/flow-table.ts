// From the addresses and ports of a packet to the number of its connection, without making an object.
// Two open-addressing tables of integers: addresses → ids, and (id, id, ports) → slot.
import { type Bytes, u32 } from '../bytes/read.ts'

const EMPTY = -1
const GONE = -2

/**
 * What the tables begin their hashes with. Another one in each process: else whoever sends packets could choose addresses
 * and ports that all fall on one slot, and make each look-up a walk. What the tables answer does not depend on it.
 */
const SALT = (Math.random() * 2 ** 32) | 0

const mix = (h: number, v: number): number => {
  h = Math.imul(h ^ v, 0x9e3779b1)
  return h ^ (h >>> 15)
}

/** Gives every address a small number. Addresses are never forgotten: hosts are few, connections are many. */
export class AddressTable {
  /** Four 32-bit words an address; IPv4 has its address in the last one and IPV4_WORD before it. */
  #words = new Int32Array(4 * 64)
  #slots = new Int32Array(256).fill(EMPTY)
  count = 0

  /** Id of the address at `at`, 4 or 16 bytes long by `version`. */
  id(b: Bytes, at: number, version: 4 | 6): number {
    // An IPv4 address gets a first word that no global IPv6 address has, so that the two never meet.
    return version === 4
      ? this.#find(-1, 0, 0, u32(b, at) | 0)
      : this.#find(u32(b, at) | 0, u32(b, at + 4) | 0, u32(b, at + 8) | 0, u32(b, at + 12) | 0)
  }

  #find(a: number, b: number, c: number, d: number): number {
    const mask = this.#slots.length - 1
    let slot = mix(mix(mix(mix(SALT, a), b), c), d) & mask
    for (;;) {
      const id = this.#slots[slot]
      if (id === EMPTY) return this.#add(slot, a, b, c, d)
      const w = id * 4
      const words = this.#words
      if (words[w + 3] === d && words[w] === a && words[w + 1] === b && words[w + 2] === c) return id
      slot = (slot + 1) & mask
    }
  }

  #add(slot: number, a: number, b: number, c: number, d: number): number {
    const id = this.count++
    if (id * 4 >= this.#words.length) {
      const larger = new Int32Array(this.#words.length * 2)
      larger.set(this.#words)
      this.#words = larger
    }
    this.#words.set([a, b, c, d], id * 4)
    this.#slots[slot] = id
    if (this.count * 2 > this.#slots.length) this.#grow()
    return id
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2).fill(EMPTY)
    const mask = slots.length - 1
    for (let id = 0; id < this.count; id++) {
      const w = this.#words
      let slot = mix(mix(mix(mix(SALT, w[id * 4]), w[id * 4 + 1]), w[id * 4 + 2]), w[id * 4 + 3]) & mask
      while (slots[slot] !== EMPTY) slot = (slot + 1) & mask
      slots[slot] = id
    }
    this.#slots = slots
  }
}

/** Directions remembered; a power of two. */
const RECENT = 1024

/**
 * The directions of connections that sent last, found by the very bytes of their IPv4 addresses and ports: for most
 * packets the two lookups of an address and the one of the flow can be left out.
 */
export class RecentFlows {
  /** Per place: source, destination, ports, value; the latest of those that fall on one place stays. */
  #rows = new Int32Array(4 * RECENT).fill(EMPTY)
  #at = 0
  #isEmpty = true

  /** Value of what sends from the source to the destination at `addresses` with the ports at `ports`, or -1. */
  find(b: Bytes, addresses: number, ports: number): number {
    const rows = this.#rows
    const source = u32(b, addresses) | 0
    const destination = u32(b, addresses + 4) | 0
    const both = u32(b, ports) | 0
    const at = (mix(mix(mix(SALT, source), destination), both) & (RECENT - 1)) * 4
    this.#at = at
    const isSame = rows[at + 2] === both && rows[at] === source && rows[at + 1] === destination
    return isSame ? rows[at + 3] : -1
  }

  /** Remembers the direction that `find` was just asked for. */
  set(b: Bytes, addresses: number, ports: number, value: number): void {
    const rows = this.#rows
    const at = this.#at
    this.#isEmpty = false
    rows[at] = u32(b, addresses) | 0
    rows[at + 1] = u32(b, addresses + 4) | 0
    rows[at + 2] = u32(b, ports) | 0
    rows[at + 3] = value
  }

  /** Forgets all: one of the connections is over, and most often others with it. */
  clear(): void {
    if (this.#isEmpty) return
    this.#isEmpty = true
    this.#rows.fill(EMPTY)
  }
}

/** Maps a connection's unordered pair of endpoints to a number that the caller chose. */
export class FlowTable {
  /** Per slot: lower address id, higher address id, ports (in that order), value. */
  #rows = new Int32Array(4 * 1024).fill(EMPTY)
  #used = 0
  #gone = 0
  #slot = 0

  /** Value of the flow between (a, portA) and (b, portB), or -1. A following `set` puts it where this looked. */
  find(a: number, portA: number, b: number, portB: number): number {
    const swap = a > b || (a === b && portA > portB)
    const low = swap ? b : a
    const high = swap ? a : b
    const ports = swap ? (portB << 16) | portA : (portA << 16) | portB
    const rows = this.#rows
    const mask = rows.length / 4 - 1
    let slot = mix(mix(mix(SALT, low), high), ports) & mask
    let free = -1
    for (;;) {
      const at = slot * 4
      const value = rows[at + 3]
      if (value === EMPTY) {
        this.#slot = free < 0 ? at : free
        return -1
      }
      if (value === GONE) {
        if (free < 0) free = at
      } else if (rows[at + 2] === ports && rows[at] === low && rows[at + 1] === high) {
        this.#slot = at
        return value
      }
      slot = (slot + 1) & mask
    }
  }

  /** Gives the flow a value; replaces the one it has. */
  set(a: number, portA: number, b: number, portB: number, value: number): void {
    if (this.find(a, portA, b, portB) >= 0) {
      this.#rows[this.#slot + 3] = value
      return
    }
    const swap = a > b || (a === b && portA > portB)
    const at = this.#slot
    if (this.#rows[at + 3] === GONE) this.#gone--
    this.#rows[at] = swap ? b : a
    this.#rows[at + 1] = swap ? a : b
    this.#rows[at + 2] = swap ? (portB << 16) | portA : (portA << 16) | portB
    this.#rows[at + 3] = value
    this.#used++
    if ((this.#used + this.#gone) * 8 > this.#rows.length) this.#rebuild()
  }

  /** Forgets the flow, if it is there. */
  delete(a: number, portA: number, b: number, portB: number): void {
    if (this.find(a, portA, b, portB) < 0) return
    this.#rows[this.#slot + 3] = GONE
    this.#used--
    this.#gone++
  }

  #rebuild(): void {
    const old = this.#rows
    // Room for as many again: else a full table whose flows come and go is rebuilt for every new one.
    const slots = this.#used * 16 > old.length ? old.length / 2 : old.length / 4
    const rows = new Int32Array(slots * 4).fill(EMPTY)
    const mask = slots - 1
    for (let at = 0; at < old.length; at += 4) {
      if (old[at + 3] < 0) continue
      let slot = mix(mix(mix(SALT, old[at]), old[at + 1]), old[at + 2]) & mask
      while (rows[slot * 4 + 3] !== EMPTY) slot = (slot + 1) & mask
      for (let column = 0; column < 4; column++) rows[slot * 4 + column] = old[at + column]
    }
    this.#rows = rows
    this.#gone = 0
  }
}
