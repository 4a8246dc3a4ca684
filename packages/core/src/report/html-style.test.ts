import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { HTML_CSS } from './html-style.ts'

const coloursOf = (css: string): [name: string, pair: string][] =>
  [...css.matchAll(/(--[a-z-]+): (light-dark\([^)]*\))/g)].map(([, name, pair]) => [name!, pair!])

test('the report has the colours of the page', () => {
  const page = new Map(coloursOf(readFileSync(new URL('../../../web/src/tokens.css', import.meta.url), 'utf8')))
  const report = coloursOf(HTML_CSS)
  expect(report.length).toBeGreaterThan(10)
  expect(report).toEqual(report.map(([name]) => [name, page.get(name)]))
})
