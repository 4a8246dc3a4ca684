// The document as JSON, in pieces: of 100,000 incidents it is longer than the longest text that V8 makes.
import type { DiagnosisDocument } from './document.ts'
import { json } from './escape.ts'

/** The pieces of `json(document, 2)`, with a line end. */
export function* jsonReport(document: DiagnosisDocument): Generator<string, void> {
  let before = '{\n  '
  for (const [name, value] of Object.entries(document)) {
    if (value === undefined) continue
    yield `${before}${json(name)}: `
    if (Array.isArray(value) && value.length > 0) yield* items(value)
    else yield indented(value, 2)
    before = ',\n  '
  }
  yield '\n}\n'
}

function* items(values: readonly object[]): Generator<string, void> {
  let before = '[\n    '
  for (const value of values) {
    yield before + indented(value, 4)
    before = ',\n    '
  }
  yield '\n  ]'
}

/** No text has a line end of its own in JSON. */
const indented = (value: object | string, by: number): string => json(value, 2).replaceAll('\n', `\n${' '.repeat(by)}`)
