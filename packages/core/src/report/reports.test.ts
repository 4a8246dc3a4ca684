// The HTML and the Markdown report, of real cases and of what nobody would send who means well.
import { describe, expect, test } from 'vitest'
import { caseNames, storyOf } from '../../../../tools/stories.ts'
import type { Story } from '../story/story.ts'
import { diagnose } from './diagnose.ts'
import type { DiagnosisDocument, Incident } from './document.ts'
import { htmlReport, MOST_IN_FULL, type ReportOptions } from './html.ts'
import { type Ladder, ladderOf } from './ladder.ts'
import { markdownReport } from './markdown.ts'

const HOSTILE = [
  '"><script>alert(1)</script><img src=x onerror=alert(1)>',
  "' onload='x' &amp; -->",
  '![x](http://evil.example/p.png) [y](javascript:alert(1)) <http://evil.example> www.evil.example',
  '@everyone closes #1 GH-2 a@evil.example |---| `rm` ``` ~~~ <!-- $x$ **b**',
  'a\r\n# heading\n- list\n\u202etxt.exe\u202c\x1b[31m\x00\ud800',
].join(' ')

/** The same value with every text of it, but those that are a kind of something, made hostile. */
function spoilt<T>(value: T, key = ''): T {
  const kinds = new Set(['time', 'first', 'last', 'kind', 'role', 'outcome', 'confidence', 'domain', 'schema', 'marks'])
  if (kinds.has(key)) return value
  if (typeof value === 'string') return (value + HOSTILE) as T
  if (Array.isArray(value)) return value.map((one: unknown) => spoilt(one, key)) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, spoilt(one as unknown, name)])) as T
}

const optionsOf = (story: Story, all = false): ReportOptions => ({
  version: '1.2.3',
  all,
  ladderOf: (incident) => ladderOf(story, incident),
})

const spoiltOptions = (story: Story, { incidents }: DiagnosisDocument): ReportOptions => {
  const ladder: Ladder = spoilt(ladderOf(story, incidents[0]!))
  return { version: HOSTILE, all: true, ladderOf: () => ladder }
}

const htmlOf = (document: DiagnosisDocument, options: ReportOptions): string =>
  [...htmlReport(document, options)].join('')
const markdownOf = (document: DiagnosisDocument, options: ReportOptions): string =>
  [...markdownReport(document, options)].join('')

const OURS = new Set(
  'html head meta title style body main header footer section article figure figcaption div span p h1 h2 h3 a b br code pre dl dt dd ol ul li table thead tbody tr th td details summary svg g path rect circle text desc'.split(
    ' ',
  ),
)
const EMPTY = new Set(['meta', 'br'])

/** What is wrong with a page as markup: other tags or attributes than ours, or ends that do not fit. */
function faultsOf(html: string): string[] {
  const faults: string[] = []
  const open: string[] = []
  const body = html.replace(/^<!doctype html>/, '').replace(/<style>[^<]*<\/style>/, '')
  for (const [tag, end, name, attributes, self] of body.matchAll(
    /<(\/?)([^\s>/]*)((?:\s+[^\s=>/]+(?:="[^"<]*")?)*)\s*(\/?)>/g,
  )) {
    if (!OURS.has(name!)) faults.push(`${tag} is not ours`)
    if (
      /\s(on\w+|style|src|href="(?!#))/.test(
        attributes!.replaceAll(/="[^"]*"/g, (v) => (v.startsWith('="#') ? v : '=""')),
      )
    )
      faults.push(`${tag} has an attribute that is not ours`)
    if (end !== '') {
      const last = open.pop()
      if (last !== name) faults.push(`${tag} ends <${last}>`)
    } else if (self === '' && !EMPTY.has(name!)) open.push(name!)
  }
  const left = body.replaceAll(/<\/?[^\s>/]+(?:\s+[^\s=>/]+(?:="[^"<]*")?)*\s*\/?>/g, '')
  if (/[<>]/.test(left)) faults.push('markup is left that is no tag')
  return open.length === 0 ? faults : [...faults, `open at the end: ${open.join(' ')}`]
}

describe.each(caseNames())('the reports of case %s', (name) => {
  test('say cause, sentence and frames, and name nothing outside', async () => {
    const story = await storyOf(name)
    const document = diagnose(story)
    const html = htmlOf(document, optionsOf(story))
    const ticket = markdownOf(document, optionsOf(story))
    expect(faultsOf(html)).toEqual([])
    expect(html).not.toMatch(/<script|<link|<img|url\(|@import|https?:/)
    expect(ticket).not.toMatch(/<[a-z!/]|https?:\/\/|!\[/i)
    expect(html.startsWith('<!doctype html>\n<html lang="en">')).toBe(true)
    const told = document.incidents.slice(0, 1).map(({ summary }) => summary.replaceAll("'", '&#39;'))
    for (const summary of told) expect(html).toContain(summary)
  })

  test('are text whatever the captures say', async () => {
    const story = await storyOf(name)
    const document = diagnose(story)
    const worst = spoilt(document)
    const options = document.incidents.length > 0 ? spoiltOptions(story, document) : optionsOf(story)
    const html = htmlOf(worst, options)
    expect(faultsOf(html)).toEqual([])
    // oxlint-disable-next-line no-control-regex -- control bytes are the subject
    expect(html).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]/)
    const ticket = markdownOf(worst, options)
    // oxlint-disable-next-line no-control-regex -- control bytes are the subject
    expect(ticket).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]/)
    const prose = proseOf(ticket)
    expect(prose).not.toMatch(/<|!\[|\]\(|@(?!\u2060)|:\/\/|www\.|#\d|^\s*#(?!#{0,2} )/m)
  })
})

/** Markdown without its code, and without what a backslash takes the meaning from. */
const proseOf = (ticket: string): string =>
  ticket.replaceAll(/^(`{3,})[a-z]*\n[\s\S]*?^\1$/gm, '').replaceAll(/\\.|(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)/g, '')

test('the policy allows this style and nothing else', async () => {
  const story = await storyOf('nginx-dns-nxdomain')
  const html = htmlOf(diagnose(story), optionsOf(story))
  const style = /<style>([^<]*)<\/style>/.exec(html)![1]!
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style)))
  expect(html).toContain(
    `default-src 'none'; style-src 'sha256-${btoa(String.fromCharCode(...hash))}'; base-uri 'none'; form-action 'none'`,
  )
})

test('of thousands of incidents one of each kind is in full, and what is left out is counted', async () => {
  const story = await storyOf('nginx-keepalive-race')
  const document = diagnose(story)
  const [one] = document.incidents as [Incident]
  const many = Array.from({ length: 3_000 }, (_, i): Incident => ({ ...one, id: `${i + 1}` }))
  const options = { ...optionsOf(story), ladderOf: () => ladderOf(story, one) }
  const html = htmlOf({ ...document, incidents: many }, options)
  expect(html.match(/<article /g)).toHaveLength(1)
  expect(html).toContain('2,000 more: --format json has them all.')
  const all = htmlOf({ ...document, incidents: many }, { ...options, all: true })
  expect(all.match(/<article /g)).toHaveLength(MOST_IN_FULL)
  // GitHub's issues end at 65,536 characters.
  expect(markdownOf({ ...document, incidents: many }, options).length).toBeLessThan(20_000)
})

test('a ticket goes from the layer over the finding to what follows', async () => {
  const story = await storyOf('nginx-middlebox-reset')
  const ticket = markdownOf(diagnose(story), optionsOf(story))
  expect([...ticket.matchAll(/^#+ (.*)$/gm)].map(([, text]) => text)).toEqual([
    expect.stringMatching(/^502: /),
    'Layer',
    'Finding',
    'Implication',
    'Captures',
  ])
})

test('a long timeline keeps what decides and its end, and counts the rest', async () => {
  const story = await storyOf('nginx-dns-nxdomain')
  const document = diagnose(story)
  const [one] = document.incidents as [Incident]
  const entry = one.timeline[0]!
  const timeline = Array.from({ length: 300 }, (_, n) => ({
    ...entry,
    seconds: n,
    text: `entry ${n}.`,
    deciding: n === 200,
  }))
  const html = htmlOf({ ...document, incidents: [{ ...one, timeline }] }, optionsOf(story))
  const shown = [...html.matchAll(/entry (\d+)\./g)].map(([, n]) => Number(n))
  expect(shown.slice(78)).toEqual([78, 79, 200, 296, 297, 298, 299])
  expect(html).toContain('215 entries before the last are left out.')
})
