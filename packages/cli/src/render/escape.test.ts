import fc from 'fast-check'
import { expect, test } from 'vitest'
import { visible } from './escape.ts'

test.each([
  ['colour from a path', '/a\x1b[31mred', '/a\\x1b[31mred'],
  ['a line of its own', 'ok\r\n504  fake', 'ok\\x0d\\x0a504  fake'],
  ['NUL, DEL and C1', '\0\x7f\x9b', '\\x00\\x7f\\x9b'],
  ['right-to-left override', 'exe.\u202egpj', 'exe.\\u202egpj'],
  ['isolates', '\u2066x\u2069', '\\u2066x\\u2069'],
  ['zero width space and joiner', 'a\u200bb\u200d', 'a\\u200bb\\u200d'],
  ['byte order mark', '\ufeffx', '\\ufeffx'],
  ['line and paragraph separator', '\u2028\u2029', '\\u2028\\u2029'],
  ['blanks that are no space', '\u00a0\u2003', '\\xa0\\u2003'],
  ['tag characters', '\u{e0041}', '\\u{e0041}'],
  ['half a surrogate pair', '\ud800', '\\ud800'],
])('%s', (_, text, safe) => {
  expect(visible(text)).toBe(safe)
})

test('what people write stays', () => {
  expect(visible('/straße?q=日本&x=~ “50 %” 🙂')).toBe('/straße?q=日本&x=~ “50 %” 🙂')
})

test('nothing unsafe is left, whatever comes in', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      // oxlint-disable-next-line no-control-regex -- control bytes are the subject
      expect(visible(text)).not.toMatch(/[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/)
    }),
  )
})
