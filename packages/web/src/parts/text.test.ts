import { expect, test } from 'vitest'
import { visible } from './text.ts'

test('what would steer, hide or reorder is shown as what it is', () => {
  expect(visible('a\u001b[31m\u202eb\u200b\u00a0c\ud800')).toBe('a\\x1b[31m\\u202eb\\u200b\\xa0c\\ud800')
  expect(visible('GET /übersicht?<b>&amp;')).toBe('GET /übersicht?<b>&amp;')
})

test('what is too long is counted', () => {
  expect(visible('x'.repeat(1_000_000), 5)).toBe('xxxxx… (999,995 more)')
})
