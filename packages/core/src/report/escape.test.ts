import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { code, codeBlock, json, markdown, markup, visible } from './escape.ts'

test('JSON is the same value, and hides nothing on a terminal', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })),
      fc.nat(2),
      (value, indent) => {
        const text = json(value, indent)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(text.replaceAll('\n', '')).not.toMatch(/\p{C}|\p{Default_Ignorable_Code_Point}/u)
      },
    ),
  )
  expect(json({ a: '\u009b31m\u202e\u{e0041}\n日本' })).toBe(String.raw`{"a":"\u009b31m\u202e\udb40\udc41\n日本"}`)
})

describe('visible', () => {
  test.each([
    ['colour from a path', '/a\x1b[31mred', '/a\\x1b[31mred'],
    ['a line of its own', 'ok\r\n504  fake', 'ok\\x0d\\x0a504  fake'],
    ['NUL, DEL and C1', '\0\x7f\x9b', '\\x00\\x7f\\x9b'],
    ['right-to-left override', 'exe.\u202egpj', 'exe.\\u202egpj'],
    ['isolates', '\u2066x\u2069', '\\u2066x\\u2069'],
    ['zero width space and joiner', 'a\u200bb\u200d\u2060', 'a\\u200bb\\u200d\\u2060'],
    ['byte order mark', '\ufeffx', '\\ufeffx'],
    ['line and paragraph separator', '\u2028\u2029', '\\u2028\\u2029'],
    ['blanks that are no space', '\u00a0\u2003', '\\xa0\\u2003'],
    ['tag characters', '\u{e0041}', '\\u{e0041}'],
    ['half a surrogate pair', '\ud800', '\\ud800'],
  ])('%s', (_, text, safe) => {
    expect(visible(text)).toBe(safe)
  })

  test('what people write stays', () => {
    expect(visible('/straße?q=日本&x=~ “50 %” 🙂')).toBe('/straße?q=日本&x=~ “50 %” 🙂')
  })

  test('a value of a megabyte is cut, and what is left is counted', () => {
    const text = visible('a'.repeat(1_000_000))
    expect(text).toHaveLength(2_000 + '… (998,000 more)'.length)
    expect(text).toMatch(/a… \(998,000 more\)$/)
  })

  test('several in one text, and markup, which is left to who writes it', () => {
    expect(visible('a\u001b[31m\u202eb\u200b\u00a0c\ud800')).toBe('a\\x1b[31m\\u202eb\\u200b\\xa0c\\ud800')
    expect(visible('GET /übersicht?<b>&amp;')).toBe('GET /übersicht?<b>&amp;')
  })

  test('what is too long for its place is counted', () => {
    expect(visible('x'.repeat(1_000_000), 5)).toBe('xxxxx… (999,995 more)')
  })

  test('nothing unsafe is left, whatever comes in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        // oxlint-disable-next-line no-control-regex -- control bytes are the subject
        expect(visible(text)).not.toMatch(/[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/)
      }),
    )
  })
})

describe('markup', () => {
  test.each([
    ['an element', '<script>alert(1)</script>', '&lt;script&gt;alert(1)&lt;/script&gt;'],
    ['the end of an attribute', `" onload='x'`, '&quot; onload=&#39;x&#39;'],
    ['a comment and a section', '--><!-- ]]>', '--&gt;&lt;!-- ]]&gt;'],
    ['an entity', '&lt;b&gt;', '&amp;lt;b&amp;gt;'],
    ['control bytes in a tag', '<\0img\x1b>', '&lt;\\x00img\\x1b&gt;'],
  ])('%s', (_, text, safe) => {
    expect(markup(text)).toBe(safe)
  })

  test('no tag, no quote, and an ampersand only of an entity, whatever comes in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(markup(text)).not.toMatch(/[<>"']|&(?!(?:amp|lt|gt|quot|#39);)/)
      }),
    )
  })
})

const J = '\u2060'

describe('markdown', () => {
  test.each([
    ['a link', '[click](http://evil.example)', `\\[click\\](http:${J}//evil.example)`],
    ['an image', '![x](data:)', '!\\[x\\](data:)'],
    ['a link in a link', '](https://evil.example)[', `\\](https:${J}//evil.example)\\[`],
    ['wiki links', ']](x)[[', '\\]\\](x)\\[\\['],
    ['HTML', '<img src=x>', '\\<img src=x\\>'],
    ['a comment', '<!-- hidden', '\\<!-- hidden'],
    ['an entity', '&#64;admin', `\\&#${J}64;admin`],
    ['an autolink', '<https://evil.example>', `\\<https:${J}//evil.example\\>`],
    ['www', 'see www.evil.example', `see www${J}.evil.example`],
    ['mail', 'a@evil.example mailto:a', `a@${J}evil.example mailto:${J}a`],
    ['a mention', '@everyone', `@${J}everyone`],
    ['issues', 'closes #1, GH-2', `closes #${J}1, GH-${J}2`],
    ['a table cell', 'a | b', 'a \\| b'],
    ['code', '`rm`', '\\`rm\\`'],
    ['emphasis', '**a** _b_ ~~c~~', '\\*\\*a\\*\\* \\_b\\_ \\~\\~c\\~\\~'],
    ['a name with underscores stays', 'proxy_read_timeout', 'proxy_read_timeout'],
    ['a formula', '$x$', '\\$x\\$'],
    ['a backslash', 'a\\', 'a\\\\'],
    ['a heading', '# big', '\\# big'],
    ['a list', '- item', '\\- item'],
    ['a numbered list', '1. item', '1\\. item'],
    ['a quotation', '> said', '\\> said'],
    ['lines', 'a\n# b', 'a\\\\x0a# b'],
  ])('%s', (_, text, safe) => {
    expect(markdown(text)).toBe(safe)
  })

  test('no mark is left that has no backslash, whatever comes in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const left = markdown(text).replaceAll(/\\./gsu, '')
        expect(left).not.toMatch(/[`*[\]<>|~&$]|@(?!\u2060)|:\/\/|#\d/)
      }),
    )
  })
})

describe('code', () => {
  test.each([
    ['a path', '/a?b=c', '`/a?b=c`'],
    ['backticks', 'a``b`', '``` a``b` ```'],
    ['only backticks', '`', '`` ` ``'],
    ['nothing', '', '`  `'],
    ['lines', 'a\nb', '`a\\x0ab`'],
  ])('%s', (_, text, safe) => {
    expect(code(text)).toBe(safe)
  })

  test('a block is closed by nothing in it', () => {
    expect(codeBlock(['a', '````', '~~~\nb'], 'sh')).toBe('`````sh\na\n````\n~~~\\x0ab\n`````')
  })
})
