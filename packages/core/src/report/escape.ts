// Captures hold what strangers sent. None of it may steer, hide, reorder or fill what a report says beside it.

// Control bytes and ESC, format characters (bidi overrides, zero width), lone surrogates and unassigned code points;
// what renderers ignore by default; line separators; blanks that only look like a space.
const UNSAFE = /[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu

/** Characters of one text that a report shows; what follows is counted. */
const LONGEST = 2_000

/**
 * Text on one line in which nothing hides: what is not plainly visible becomes `\x1b`, `\u202e` or `\u{e0001}`, and what
 * is beyond `longest` characters is counted.
 */
export function visible(text: string, longest: number = LONGEST): string {
  if (text.length <= longest) return text.replaceAll(UNSAFE, escaped)
  const rest = (text.length - longest).toLocaleString('en-US')
  return `${text.slice(0, longest).replaceAll(UNSAFE, escaped)}… (${rest} more)`
}

function escaped(character: string): string {
  const point = character.codePointAt(0)!
  const hex = point.toString(16)
  if (point <= 0xff) return `\\x${hex.padStart(2, '0')}`
  return point <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`
}

// As UNSAFE, but for what ends the lines of JSON that is written in lines: within its texts there is none.
const UNSAFE_IN_JSON = /(?!\n)[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]/gu

/**
 * JSON of the value, in which nothing hides either, for it may end up on a terminal: the same value as JSON.stringify's,
 * with `\u009b` and `\u202e` for what JSON would let stand as it is.
 */
export const json = (value: object | string, indent = 0): string =>
  JSON.stringify(value, null, indent).replaceAll(UNSAFE_IN_JSON, (character) =>
    Array.from(
      { length: character.length },
      (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
    ).join(''),
  )

const MARKUP: { readonly [character: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Visible text for HTML and SVG, between tags and in quoted attributes. */
export const markup = (text: string, longest?: number): string =>
  visible(text, longest).replaceAll(/[&<>"']/g, (character) => MARKUP[character]!)

/** WORD JOINER: stands between what would be taken for a link together, and is not seen. */
const JOINER = '\u2060'

// What means something inside of a line, in CommonMark (sections 2.4 and 6) and in GitHub's dialect: tables,
// strikethrough, formulas. An underscore inside of a word means nothing.
const INLINE = /[\\`*[\]<>|~&$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g
// What begins a list, a heading, a quotation or a rule, where a line begins with the text.
const OPENING = /^([-+=#>]|\d{1,9}[.)](?=\s|$))/
// What is linked, in the text as it is shown, whatever was put before it: addresses, mentions, issues.
const LINKED = /(:(?=\/\/)|\bwww(?=\.)|@|#(?=\d)|\bGH-(?=\d)|\b(?:mailto|xmpp):)/gi

/**
 * Visible text for GitHub-flavoured Markdown, inside of a line, list item or table cell: no markup, no HTML, no link and
 * no mention, also where a renderer links by itself. Reads as the text did.
 */
export const markdown = (text: string, longest?: number): string =>
  visible(text, longest)
    .replaceAll(INLINE, String.raw`\$&`)
    .replace(OPENING, (start) => `${start.slice(0, -1)}\\${start.at(-1)}`)
    .replaceAll(LINKED, `$1${JOINER}`)

/**
 * Text as a code span, to be copied as it is: not for a table, where `|` would end the cell. Between more backticks than
 * are in it, for in a code span nothing can be escaped (CommonMark section 6.1).
 */
export function code(text: string, longest?: number): string {
  const plain = visible(text, longest)
  const runs = plain.match(/`+/g) ?? []
  const fence = '`'.repeat(runs.reduce((most, run) => Math.max(most, run.length), 0) + 1)
  // A blank next to the fence keeps backticks of the text apart from it, and is not shown.
  const pad = /^[` ]|[` ]$/.test(plain) || plain === '' ? ' ' : ''
  return `${fence}${pad}${plain}${pad}${fence}`
}

/** Lines as a fenced code block, to be copied as they are. */
export function codeBlock(lines: readonly string[], language = ''): string {
  const plain = lines.map((line) => visible(line))
  const runs = plain.flatMap((line) => line.match(/`+/g) ?? [])
  const fence = '`'.repeat(Math.max(3, runs.reduce((most, run) => Math.max(most, run.length), 0) + 1))
  return [`${fence}${language}`, ...plain, fence].join('\n')
}
