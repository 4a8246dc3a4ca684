import { expect, test } from 'vitest'
import type { DiagnosisDocument } from './document.ts'
import { json } from './escape.ts'
import { jsonReport } from './json-report.ts'

test('the pieces are the document, none longer than one incident', () => {
  const incident = { id: 'a', summary: 'one\ntwo\u202e', frames: [{ frame: 1 }], none: [], empty: {} }
  const document = {
    schema: 'x',
    healthy: { exchanges: 2 },
    incidents: Array.from({ length: 50 }, () => incident),
    masked: [],
  }
  const pieces = [...jsonReport(document as unknown as DiagnosisDocument)]
  expect(pieces.join('')).toBe(`${json(document, 2)}\n`)
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(300)
})
