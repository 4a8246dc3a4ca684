// Captures, and files, that somebody made to deceive or take over whoever looks at them.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  CERTIFICATES,
  certificateMessage,
  clientHello,
  gateway,
  handshakeRecord,
  request,
  response,
  serverHello,
  serverHelloDone,
  serverKeyExchange,
  tlsAlert,
} from '@pcap-surgery/testkit'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { drop, isWithoutBrowser, open, serveUi, useBrowser } from './harness.ts'

const folder = mkdtempSync(join(tmpdir(), 'pcap-surgery-hostile-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** What HTML, SVG, CSS, Markdown, a terminal and a shell take for theirs; one byte a character, and none ends a line. */
const BYTES = `"'><img src=x onerror=alert(1)><!--</title></style></script>{{7}}\u001b[2J\u0007\u0000\u0085\u009b31m\u00ad|$(id)\`id\`;&#x3c;`
/** What turns text around or hides it, too. */
const TEXT = `javascript:alert(1)//\u202egnp\u2066\u200b\u{e0041}\ufeff\ud800${BYTES}`

/** The certificate of the testkit with names that hold markup; its signature is then wrong, which nobody checks. */
function hostileCertificate(): Uint8Array {
  const hex = Buffer.from(CERTIFICATES.leaf).toString('hex')
  const name = Buffer.from('app.internal').toString('hex')
  return Buffer.from(hex.replaceAll(name, Buffer.from('<b>\u001b"&\'`\n;\u0000x', 'latin1').toString('hex')), 'hex')
}

const plain = gateway({
  ask: `GET /a?<svg/onload=alert(1)>${BYTES.replaceAll(' ', '%20')}&b=${'x'.repeat(1 << 20)}`,
  before: (net) => {
    const proxy = net.host('proxy-back', '10.1.0.1')
    const names = net.host('dns', '10.1.0.53')
    net.dns(proxy, names, `${BYTES.replaceAll('.', '-').slice(0, 60)}.internal`, { answer: 'NXDOMAIN' })
  },
  attempts: [(upstream) => upstream.syn().rst('<')],
  answer: response(502, BYTES, { Server: BYTES, 'X-Request-ID': BYTES, 'Content-Type': BYTES, Via: BYTES }),
})
const readable = gateway({
  attempts: [
    (upstream) =>
      upstream
        .handshake()
        .send('>', request('GET /r', { Host: BYTES, 'User-Agent': BYTES, 'X-Forwarded-For': BYTES }))
        .send('<', `HTTP/1.1 2o0 ${BYTES}\r\n${BYTES}: ${BYTES}\r\n\r\n${BYTES}`)
        .fin('<'),
  ],
  ask: 'GET /r',
  answer: 502,
})
const sealed = gateway({
  attempts: [
    (upstream) =>
      upstream
        .handshake()
        .send('>', handshakeRecord(clientHello({ serverName: BYTES, alpn: [BYTES] })))
        .send('<', handshakeRecord(serverHello({ alpn: BYTES }), certificateMessage(hostileCertificate())))
        .send('<', handshakeRecord(serverKeyExchange(), serverHelloDone()))
        .send('>', tlsAlert(2, 48))
        .fin('>'),
  ],
  answer: 502,
})

const utf8 = (text: string): string => Buffer.from(text).toString('latin1')
const FILES = [plain, readable, sealed].map(({ net }, n) => ({
  name: `${n}${TEXT}.pcapng`,
  bytes: net.capture(['proxy-front', 'proxy-back'], {
    format: 'pcapng',
    comment: utf8(TEXT),
    interfaceName: utf8(TEXT),
    keyLog: `CLIENT_RANDOM ${BYTES} ${BYTES}\n`,
  }),
}))
const KEYS = { name: `${TEXT}.log`, bytes: Buffer.from(`CLIENT_RANDOM ${'00'.repeat(32)} ${'00'.repeat(48)}\n${TEXT}`) }

/** Everything of the page that is not what we made: a line each. */
const strange = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const wrong: string[] = []
    const steers = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u
    const tags = new Set(['IMG', 'IFRAME', 'OBJECT', 'EMBED', 'FORM[action]', 'BASE', 'VIDEO', 'AUDIO', 'image', 'use'])
    const say = (where: Element, what: string, text: string): void =>
      void wrong.push(`${where.tagName}.${where.getAttribute('class')} ${what}: ${JSON.stringify(text.slice(0, 80))}`)
    if (steers.test(document.title)) wrong.push(`title: ${document.title}`)
    for (const element of document.body.querySelectorAll('*')) {
      if (tags.has(element.tagName)) say(element, 'is there', '')
      if (['SCRIPT', 'STYLE'].includes(element.tagName) && element.id !== 'given') say(element, 'is there', '')
      for (const { name, value } of element.attributes) {
        if (name === 'download') continue
        if (steers.test(value)) say(element, name, value)
        if (value.length > 5_000) say(element, `${name} of ${value.length} characters`, value)
        if (name.startsWith('on')) say(element, name, value)
        if (/(href|src|action)$/.test(name) && !/^(#|blob:)/.test(value)) say(element, name, value)
        if (name === 'style' && /alert|url|expression/.test(value)) say(element, name, value)
      }
      for (const node of element.childNodes) {
        if (node.nodeType === Node.COMMENT_NODE) say(element, 'comment', node.textContent ?? '')
        if (node.nodeType !== Node.TEXT_NODE) continue
        const text = node.textContent ?? ''
        if (steers.test(text.replaceAll('\n', ''))) say(element, 'text', text)
        if (text.length > 5_000) say(element, `text of ${text.length} characters`, text)
      }
    }
    return [...new Set(wrong)]
  })

const openAll = (page: Page): Promise<void> =>
  page.evaluate(() => {
    for (const details of document.querySelectorAll('details')) details.open = true
  })

describe.skipIf(isWithoutBrowser)('hostile captures', () => {
  useBrowser()
  let address: string
  beforeAll(async () => {
    const files = FILES.map(({ bytes }, n) => {
      const file = join(folder, `${n}${TEXT.replaceAll(/[/\0]/g, '')}\n.pcapng`)
      writeFileSync(file, bytes)
      return file
    })
    address = await serveUi(...files)
  })

  test.each(['dropped', 'named on the command line'])(
    'are text in every view, %s',
    async (how) => {
      const { page, end } = await open(how === 'dropped' ? await serveUi() : address)
      if (how === 'dropped') await drop(page, [...FILES, KEYS])
      await page.getByRole('heading', { name: /requests failed/ }).waitFor()
      const wrong: string[] = []
      const look = async (where: string): Promise<void> => {
        await page.waitForTimeout(60)
        wrong.push(...(await strange(page)).map((what) => `${where}: ${what}`))
      }
      const ids = await page
        .getByRole('list', { name: 'Incidents' })
        .getByRole('link')
        .evaluateAll((all) => all.map((link) => link.getAttribute('href')!))
      expect(ids.length).toBeGreaterThan(2)
      for (const hash of ['#/overview', '#/connections', '#/exchanges', '#/captures', ...ids]) {
        await page.evaluate((to) => {
          location.hash = to
        }, hash)
        await look(hash)
        await openAll(page)
        await look(`${hash}, opened`)
        // Of a row its facts, of a packet its layers and bytes.
        for (const selector of ['[role=row][aria-rowindex]', '[role=option][data-frames]']) {
          const count = Math.min(20, await page.locator(selector).count())
          for (let n = 0; n < count; n++) {
            // A row may give way to its facts.
            await page.evaluate(
              ([what, at]) => {
                const element = document.querySelectorAll(what)[at]
                element?.dispatchEvent(new MouseEvent('click', { bubbles: true }))
              },
              [selector, n] as const,
            )
            await page.waitForTimeout(50)
            await page.evaluate(() => {
              for (const closed of document.querySelectorAll('[role=treeitem][aria-expanded=false]'))
                closed.dispatchEvent(new MouseEvent('click', { bubbles: true }))
            })
            await look(`${hash}, ${selector} ${n}`)
          }
        }
      }
      expect([...new Set(wrong)]).toEqual([])
      await end()
    },
    120_000,
  )

  test('are text in what is handed over, and what is copied has no surprises', async () => {
    const { page, end } = await open(address)
    await page.getByRole('heading', { name: /requests failed/ }).waitFor()
    for (const button of ['Report', 'Ticket']) {
      const coming = page.waitForEvent('download')
      await page.getByRole('button', { name: button, exact: true }).click()
      const path = await (await coming).path()
      const text = readFileSync(path, 'utf8')
      // oxlint-disable-next-line no-control-regex -- control bytes are the subject
      expect(/.{0,20}[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2066\u200b\ufeff]/.exec(text)).toBe(null)
      if (button === 'Ticket') continue
      const file = join(folder, 'report.html')
      writeFileSync(file, text)
      const report = await open(pathToFileURL(file).href)
      expect((await strange(report.page)).filter((what) => !/^FIGURE|^STYLE/.test(what))).toEqual([])
      await report.end()
    }
    await page.evaluate(() => {
      const copied: string[] = []
      Object.assign(globalThis, { copied })
      navigator.clipboard.writeText = (text) => Promise.resolve(void copied.push(text))
    })
    for (const id of [1, 2, 3]) {
      await page.evaluate((to) => {
        location.hash = `#/incident/${to}`
      }, id)
      await page.waitForTimeout(300)
      await openAll(page)
      for (const copy of await page.getByRole('button', { name: /^Copy the/ }).all()) await copy.dispatchEvent('click')
    }
    const copied = (await page.evaluate('copied')) as string[]
    expect(copied.length).toBeGreaterThan(3)
    for (const text of copied) expect(text).toMatch(/^[\w .:=&|()<>!"^+[\]',$/*\n-]+$/)
    for (const text of copied) expect(text).not.toMatch(/\$\(|`|alert\(/)
    await end()
  }, 120_000)
})
