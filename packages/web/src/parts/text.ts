// Captures hold what strangers sent. None of it may hide, reorder what stands beside it, or fill the page.

// Control bytes and ESC, format characters (bidi overrides, zero width), lone surrogates and unassigned code points;
// what renderers ignore by default; line separators; blanks that only look like a space.
const UNSAFE = /[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu

/** Characters that are shown of a text; what follows is counted. */
const LONGEST = 2_000

/**
 * Text to be shown on the page, on one line: what is not plainly visible becomes `\x1b`, `\u202e` or `\u{e0001}`, and
 * what is beyond `longest` characters is counted.
 */
export function visible(text: string, longest = LONGEST): string {
  if (text.length <= longest) return text.replaceAll(UNSAFE, escaped)
  const rest = (text.length - longest).toLocaleString('en-US')
  return `${text.slice(0, longest).replaceAll(UNSAFE, escaped)}… (${rest} more)`
}

function escaped(character: string): string {
  const code = character.codePointAt(0)!
  const hex = code.toString(16)
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`
}
