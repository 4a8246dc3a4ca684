import { expect, test } from 'vitest'
import { fragmentOf, HOME, placeOf } from './place.ts'

test.each([
  ['#/overview', HOME],
  ['#/incident/m2?leg=upstream', { view: 'incident', incident: 'm2', settings: { leg: 'upstream' } }],
  ['#/exchanges?filter=a%26b', { view: 'exchanges', incident: null, settings: { filter: 'a&b' } }],
] as const)('%s is a place, and the place is it', (fragment, place) => {
  expect(placeOf(fragment)).toEqual(place)
  expect(fragmentOf(place)).toBe(fragment)
})

test.each(['', '#', '#/nowhere', '#overview/../x', '#/%E0%A4%A'])('%s is no place: home', (fragment) => {
  expect(placeOf(fragment)).toEqual(HOME)
})
