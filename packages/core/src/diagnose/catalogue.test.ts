import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CATALOGUE, type CauseCode } from './catalogue.ts'
import { JUDGES } from './causes/index.ts'

const pages = new URL('../../../../docs/causes/', import.meta.url)
const codes = Object.keys(CATALOGUE) as CauseCode[]
const page = (code: string) => readFileSync(new URL(`${code}.md`, pages), 'utf8')

describe('the catalogue', () => {
  it('has a page for every code and a code for every page', () => {
    const files = readdirSync(pages).filter((name) => name.endsWith('.md'))
    expect(files.map((name) => name.slice(0, -3)).toSorted()).toEqual(codes.toSorted())
  })

  it.each(codes)('%s: its page agrees with it, and leads nowhere else', (code) => {
    const { title, class: kind, domain } = CATALOGUE[code]
    const text = page(code)
    expect(text.split('\n')[0]).toBe(`# ${title}`)
    // A page is wrapped for reading; what it says does not depend on where the lines break.
    const flat = text.replace(/\s+/g, ' ')
    expect(flat).toContain(`\`${code}\` · class \`${kind}\` · normally whose: ${domain} ·`)
    for (const [, target] of text.matchAll(/\]\(([a-z0-9-]+)\.md\)/g)) expect(codes).toContain(target)
  })

  it.each(codes)('%s has a short title and a remedy of one or two sentences', (code) => {
    const { title, remedy } = CATALOGUE[code]
    expect(title.split(' ').length).toBeLessThanOrEqual(6)
    expect(title).toMatch(/^[A-Z].*[^.]$/)
    expect(remedy).toMatch(/^[A-Z].*\.$/)
  })
})

describe('the judges', () => {
  const named = JUDGES.map(([code]) => code)

  it('are one a file, named by the code', () => {
    const files = readdirSync(new URL('causes/', import.meta.url)).filter((name) => !/^index|\.test\./.test(name))
    expect(files.map((name) => name.slice(0, -3)).toSorted()).toEqual(named.toSorted())
  })

  it('leave to others what is no failed try, and what this version does not read', () => {
    const left = codes.filter((code) => !named.includes(code) && !/^(tls|h2)-/.test(code))
    expect(left).toEqual(['name-resolution-failed', 'no-healthy-upstream', 'undetermined'])
  })
})
