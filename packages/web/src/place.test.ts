import { expect, test } from 'vitest'
import { fragmentOf, HOME, linkOf, placeOf } from './place.ts'

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

test.each([
  ['http://127.0.0.1:40123/l2zW-_kQ/#/incident/3', '#/incident/3'],
  ['http://localhost:8080/l2zW-_kQ/#/incident/3', '#/incident/3'],
  ['https://tools.example/surgery/#/incident/3', 'https://tools.example/surgery/#/incident/3'],
  ['file:///home/a/surgery/index.html#/incident/3', 'file:///home/a/surgery/index.html#/incident/3'],
])('of %s is handed on %s', (address, link) => {
  expect(linkOf(new URL(address))).toBe(link)
})
