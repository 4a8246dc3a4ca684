import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Spans } from './spans.ts'

const spansOf = (items: readonly (readonly [number, number])[]): Spans =>
  new Spans(
    items.length,
    (i) => items[i]![0],
    (i) => items[i]![1],
  )

test('finds what goes on within a time, its edges included', () => {
  const spans = spansOf([
    [0, 10],
    [5, 6],
    [20, Infinity],
  ])
  expect([...spans.within(6, 20)]).toEqual([0, 1, 2])
  expect([...spans.within(11, 19)]).toEqual([])
  expect([...spansOf([]).within(-Infinity, Infinity)]).toEqual([])
})

test('finds in order just what looking at each of them finds', () => {
  const time = fc.integer({ min: 0, max: 50 })
  const item = fc.tuple(time, time).map(([at, length]) => [at, at + length] as const)
  fc.assert(
    fc.property(fc.array(item, { maxLength: 40 }), time, time, (items, from, length) => {
      const until = from + length
      const expected = items.flatMap(([first, last], i) => (first <= until && last >= from ? [i] : []))
      expect([...spansOf(items).within(from, until)]).toEqual(expected)
    }),
  )
})
