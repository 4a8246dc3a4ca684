// Captures hold what strangers sent. None of it may steer the terminal, hide, or reorder what stands beside it.

// Control bytes and ESC, format characters (bidi overrides, zero width), lone surrogates and unassigned code points;
// what renderers ignore by default; line separators; blanks that only look like a space.
const UNSAFE = /[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu

/** Text that is safe to print on one line: what is not plainly visible becomes `\x1b`, `\u202e` or `\u{e0001}`. */
export const visible = (text: string): string => text.replaceAll(UNSAFE, escaped)

function escaped(character: string): string {
  const code = character.codePointAt(0)!
  const hex = code.toString(16)
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`
}
