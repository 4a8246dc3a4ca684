// Lines of text: wrapping, columns, colour. Knows nothing of diagnoses.
import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Puts a style on text, or leaves it alone where there is no colour. */
export type Paint = (style: Style, text: string) => string

export const painter =
  (colour: boolean): Paint =>
  (style, text) =>
    colour && text !== '' ? styleText(style, text, { validateStream: false }) : text

/** A blank at which `wrap` does not break. It cannot come from a capture: there it is escaped. */
export const GLUE = '\u00a0'

/**
 * Breaks text at spaces into lines of at most `width` columns, the first after `lead` and the others after as many
 * blanks. A word longer than a line stays whole, so that paths and addresses can be copied.
 */
export function wrap(words: string, width: number, lead = ''): string[] {
  const indent = ' '.repeat(lead.length)
  const lines: string[] = []
  let line = lead
  let empty = true
  for (const word of words.split(' ')) {
    if (!empty && line.length + 1 + word.length > width) {
      lines.push(line)
      line = indent
      empty = true
    }
    line += empty ? word : ` ${word}`
    empty = false
  }
  lines.push(line)
  return lines.map((text) => text.replaceAll(GLUE, ' '))
}

/** Rows as columns, each as wide as its widest cell. Columns listed in `right` are aligned to the right. */
export function columns(rows: readonly string[][], right: readonly number[] = [], gap = '  '): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) =>
    row
      .map((cell, column) => (right.includes(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join(gap)
      .trimEnd(),
  )
}
