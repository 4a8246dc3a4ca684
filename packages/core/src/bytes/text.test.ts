import fc from 'fast-check'
import { expect, test } from 'vitest'
import { latin1 } from './read.ts'
import { knownText } from './text.ts'

test('is what the bytes say, whatever was said before', () => {
  const said = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 })
  fc.assert(
    fc.property(said, fc.nat(3), (texts, from) => {
      for (const bytes of [...texts, ...texts]) {
        const start = Math.min(from, bytes.length)
        expect(knownText(bytes, start, bytes.length)).toBe(latin1(bytes, start, bytes.length))
      }
    }),
  )
})

test('texts that fall on one place do not meet', () => {
  // More texts than places: /0 to /4999.
  const paths = Array.from({ length: 5000 }, (_, i) => Uint8Array.from(`/${i}`, (c) => c.charCodeAt(0)))
  for (const path of [...paths, ...paths]) expect(knownText(path, 0, path.length)).toBe(latin1(path, 0, path.length))
})
