// Pieces of the HTML report's markup. Texts that they are given are markup already.
import { markup } from './escape.ts'

/** Items of a list. */
const MOST_ITEMS = 40

export const th = (text: string): string => `<th>${text}</th>`
export const bound = (text: string): string => `<p class="soft small">${text}</p>`

export const table = (heads: readonly string[], rows: readonly string[]): string =>
  `<div class="table" tabindex="0" role="group" aria-label="Table"><table><thead><tr>${heads.join('')}</tr></thead><tbody>\n${rows
    .map((row) => (row.startsWith('<tr') ? row : `<tr>${row}</tr>`))
    .join('\n')}\n</tbody></table></div>`

export const list = (kind: 'ol' | 'ul', items: readonly string[]): string =>
  items.length === 0
    ? ''
    : `<${kind}>${items
        .slice(0, MOST_ITEMS)
        .map((item) => `<li>${item}</li>`)
        .join(
          '',
        )}</${kind}>${items.length > MOST_ITEMS ? bound(`${items.length - MOST_ITEMS} more are left out.`) : ''}`

export const listed = (name: string, kind: 'ol' | 'ul', items: readonly string[]): string =>
  items.length === 0 ? '' : `<h3>${name}</h3>${list(kind, items)}`

export const folded = (name: string, content: string): string =>
  content === '' ? '' : `<details><summary>${name}</summary>${content}</details>`

/** Commands and filters are for copying: whole, however long. */
export const pre = (lines: readonly string[]): string =>
  `<pre>${lines.map((line) => markup(line, Infinity)).join('\n')}</pre>`
