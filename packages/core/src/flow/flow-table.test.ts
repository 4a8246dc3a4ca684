import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AddressTable, FlowTable, RecentFlows } from './flow-table.ts'

describe('addresses', () => {
  test('the same address has the same id, IPv4 and IPv6 never meet', () => {
    const table = new AddressTable()
    const bytes = Uint8Array.from({ length: 4096 }, (_, i) => (i * 7919) >> 3)
    const ids = Array.from({ length: 1000 }, (_, at) => table.id(bytes, at, 6))
    expect(Array.from({ length: 1000 }, (_, at) => table.id(bytes, at, 6))).toEqual(ids)
    const zeros = new Uint8Array(16)
    expect(table.id(zeros, 0, 4)).not.toBe(table.id(zeros, 0, 6))
  })
})

describe('flows', () => {
  test('are found from both sides', () => {
    const table = new FlowTable()
    table.set(1, 80, 2, 4000, 7)
    expect([table.find(2, 4000, 1, 80), table.find(1, 80, 2, 4000), table.find(1, 4000, 2, 80)]).toEqual([7, 7, -1])
  })

  test('agree with a plain map, whatever comes and goes', () => {
    const flow = fc.record({ a: fc.nat(3), portA: fc.nat(30), b: fc.nat(3), portB: fc.nat(30), keep: fc.boolean() })
    const property = fc.property(fc.array(flow, { maxLength: 400 }), (flows) => {
      const [table, map] = [new FlowTable(), new Map<string, number>()]
      for (const [value, { a, portA, b, portB, keep }] of flows.entries()) {
        const key = [`${a}:${portA}`, `${b}:${portB}`].toSorted().join(' ')
        if (keep) table.set(a, portA, b, portB, value)
        else table.delete(b, portB, a, portA)
        if (keep) map.set(key, value)
        else map.delete(key)
        expect(table.find(a, portA, b, portB)).toBe(map.get(key) ?? -1)
      }
    })
    fc.assert(property)
  })

  test('a full table whose flows come and go keeps its flows', () => {
    const [table, size] = [new FlowTable(), 4096]
    for (let i = 0; i < 12 * size; i++) {
      if (i >= size) table.delete(1, (i - size) & 0xffff, 2, (i - size) >> 16)
      table.set(1, i & 0xffff, 2, i >> 16, i)
    }
    expect(table.find(1, (11 * size) & 0xffff, 2, (11 * size) >> 16)).toBe(11 * size)
    expect(table.find(1, (11 * size - 1) & 0xffff, 2, (11 * size - 1) >> 16)).toBe(-1)
  })
})

/** Source, destination, ports; the hosts of one plan may differ in a single byte. */
const from = (site: number): Uint8Array => Uint8Array.of(10, 1, site, 1, 10, 1, site, 2, 0xa0, 0, 0, 80)

describe('directions that sent last', () => {
  test('are found by their bytes until all are forgotten', () => {
    const recent = new RecentFlows()
    for (let site = 0; site < 16; site++) {
      expect(recent.find(from(site), 0, 8)).toBe(-1)
      recent.set(from(site), 0, 8, site)
      expect(recent.find(from(site), 0, 8)).toBe(site)
    }
    // Of those that fall on one place the latest stays; none is taken for another.
    for (let site = 0; site < 16; site++) expect([site, -1]).toContain(recent.find(from(site), 0, 8))
    recent.find(from(3), 0, 8)
    recent.set(from(3), 0, 8, 3)
    expect(recent.find(from(3).with(11, 81), 0, 8)).toBe(-1)
    recent.clear()
    expect(recent.find(from(3), 0, 8)).toBe(-1)
  })
})
