// What a user meets first: putting captures in, what is then to be seen, and what the page never does.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { pathToFileURL } from 'node:url'
import { gateway, network, request, response } from '@pcap-surgery/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessibility, BUILT, caseFiles, CASES, drop, isWithoutBrowser, open, serveUi, useBrowser } from './harness.ts'

const SLOW = ['proxy-front.pcap', 'proxy-back.pcap']
const folder = mkdtempSync(join(tmpdir(), 'pcap-surgery-page-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe.skipIf(isWithoutBrowser)('the page', () => {
  useBrowser()
  let empty: string
  beforeAll(async () => {
    empty = await serveUi()
  })

  test('captures that are dropped show the cause, and the way to their packets', async () => {
    const { page, end } = await open(empty)
    await drop(page, await caseFiles('nginx-upstream-slow-pool', SLOW))
    await page.getByRole('heading', { name: '1 of 153 requests failed: Upstream too slow' }).waitFor()
    const incident = page.getByRole('list', { name: 'Incidents' }).getByRole('link')
    expect(await incident.innerText()).toMatch(/504[\s\S]*the upstream’s[\s\S]*certain[\s\S]*\/api\/recommend/)
    await incident.press('Enter')
    await page.waitForURL(/#\/incident\/1$/)
    await page.getByText('10.3.0.11:8080 was too slow').first().waitFor()
    await page.goBack()
    await page.getByRole('heading', { name: /requests failed/ }).waitFor()
    await end()
  })

  test('who comes back from an incident finds the list where it was', async () => {
    const net = network()
    const [client, front] = [net.host('client', '10.0.0.2'), net.host('front', '10.0.0.1')]
    const [back, upstream] = [net.host('back', '10.1.0.1'), net.host('upstream', '10.1.0.2')]
    for (let i = 0; i < 40; i++) {
      const leg = net
        .tcp(client, front, 80)
        .handshake()
        .send('>', request(`GET /${i}`))
      net.tcp(back, upstream, 8080).syn().rst('<')
      leg.send('<', response(502)).wait(1)
    }
    const { page, end } = await open(empty)
    await drop(page, [
      { name: 'front.pcap', bytes: net.capture('front') },
      { name: 'back.pcap', bytes: net.capture('back') },
    ])
    const rows = page.getByRole('list', { name: 'Incidents' }).getByRole('link')
    await rows.first().focus()
    for (const key of ['End', 'ArrowUp', 'ArrowUp', 'Enter']) await page.keyboard.press(key)
    await page.waitForURL(/#\/incident\/38$/)
    await page.getByRole('listbox').waitFor()
    await page.goBack()
    const row = page.locator('a[data-row][tabindex="0"]')
    expect(await row.getAttribute('href')).toBe('#/incident/38')
    const isInView = (): Promise<boolean> =>
      row.evaluate((one) => {
        const { left, top } = one.getBoundingClientRect()
        return one.contains(document.elementFromPoint(left + 5, top + 5))
      })
    await expect.poll(isInView).toBe(true)
    await end()
  })

  test('captures that are named are there at once, with their key logs', async () => {
    const name = 'nginx-h2-tls-front-keys'
    const files = SLOW.map((file) => `${CASES}${name}/${file}`)
    const { page, end } = await open(await serveUi(...files, '--keys', `${CASES}${name}/keys.log`))
    const incident = page.getByRole('list', { name: 'Incidents' }).getByRole('link')
    const [expected] = JSON.parse(readFileSync(`${CASES}${name}/expected.json`, 'utf8')).incidents
    expect(await incident.innerText()).toContain(expected.path)
    await end()
  })

  test('the example needs nothing from anywhere', async () => {
    const { page, end } = await open(empty)
    await page.getByRole('button', { name: 'Try an example' }).click()
    await page.getByRole('heading', { name: /Upstream too slow/ }).waitFor()
    await end()
  })

  test('a capture without a failure says so, and what was seen', async () => {
    const { page, end } = await open(empty)
    await drop(page, await caseFiles('nginx-app-errors', SLOW))
    await page.getByRole('heading', { name: 'No request failed' }).waitFor()
    await page.getByText('23 requests were followed to their end').waitFor()
    await end()
  })

  test('what is no capture, damaged or there twice is told, and the rest shown', async () => {
    const { page, end } = await open(empty)
    await drop(page, [{ name: 'notes.txt', bytes: Buffer.from('# notes') }])
    await page.getByRole('alert').getByText('not a pcap or pcapng file').waitFor()
    const [front, back] = await caseFiles('nginx-upstream-slow-pool', SLOW)
    const cut = { ...back!, bytes: back!.bytes.subarray(0, back!.bytes.length - 5) }
    await drop(page, [front!, { ...front!, name: 'again.pcap' }, cut])
    await page.getByRole('heading', { name: /requests failed/ }).waitFor()
    await page.getByText(/has the same bytes as proxy-front\.pcap/).waitFor()
    expect(await page.getByText(/At byte [\d,]+: .*\(the 342 frames before it are used\)/).count()).toBe(1)
    expect(await page.getByText('not a pcap or pcapng file').count()).toBe(0)
    await end()
  })

  test('more captures are added to those that are there', async () => {
    const { page, end } = await open(empty)
    const [front, back] = await caseFiles('nginx-upstream-slow-pool', SLOW)
    await drop(page, [front!])
    await page.getByText('1 capture,').waitFor()
    await drop(page, [back!])
    await page.getByText('2 captures,').waitFor()
    expect(await page.getByRole('table').getByRole('row').count()).toBe(3)
    await end()
  })

  test('reading can be stopped, and shows what was read until then', async () => {
    const big = join(folder, 'big.pcap.gz')
    writeFileSync(big, endless(readFileSync(`${CASES}nginx-upstream-slow-pool/proxy-front.pcap`)))
    const { page, end } = await open(await serveUi(big))
    await page.getByText(/^\d[\d,]{4,}$/).waitFor() // frames, that is
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByText('Reading was stopped: this is what was found until then.').waitFor()
    expect(await page.getByText(/At byte/).count()).toBe(0)
    await end()
  })

  test('all that was found is handed over as files', async () => {
    const { page, end } = await open(empty)
    await drop(page, await caseFiles('nginx-upstream-slow-pool', SLOW))
    const files: { [button: string]: [name: string, says: string] } = {
      Report: ['report.html', '<!doctype html>'],
      Ticket: ['report.md', '10.3.0.11:8080'],
      Diagnosis: ['diagnosis.json', '"schema": "pcap-surgery/diagnosis@1"'],
      'All exchanges': ['exchanges.har', '"version":"1.2"'],
    }
    for (const [button, [name, says]] of Object.entries(files)) {
      const coming = page.waitForEvent('download')
      await page.getByRole('button', { name: button, exact: true }).click()
      const file = await coming
      expect(file.suggestedFilename()).toBe(name)
      expect(readFileSync(await file.path(), 'utf8')).toContain(says)
      await page.getByText(`Written: ${name}`).waitFor()
    }
    await end()
  })

  test('incidents are chosen by cause, words and keys, and the choice is in the address', async () => {
    const { page, end } = await open(empty)
    await drop(page, await caseFiles('nginx-no-live-upstreams', SLOW))
    await page.getByText('2 incidents').waitFor()
    await page.getByRole('group', { name: 'Causes' }).getByRole('button').first().click()
    await page.getByText('1 of 2 incidents').waitFor()
    expect(page.url()).toMatch(/cause=/)
    await page.getByRole('button', { name: 'Show all' }).click()
    const marks = page.getByRole('group', { name: 'Time line' }).getByRole('button')
    await marks.first().focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Enter')
    await page.waitForURL(/#\/incident\/2$/)
    await page.goBack()
    const rows = page.getByRole('list', { name: 'Incidents' }).getByRole('link')
    await rows.first().focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.waitForURL(/#\/incident\/2$/)
    await end()
  })

  test.each(['from a disk', 'by any web server'])('it works as plain files, %s', async (how) => {
    const copy = join(folder, how.replaceAll(' ', '-'))
    cpSync(BUILT, copy, { recursive: true })
    const server = how === 'from a disk' ? null : await plainServer(copy)
    const address = server === null ? pathToFileURL(join(copy, 'index.html')).href : addressOf(server)
    const { page, end } = await open(address)
    await drop(
      page,
      await caseFiles(
        'nginx-nano-gz',
        SLOW.map((file) => `${file}.gz`),
      ),
    )
    await page.getByRole('heading', { name: /requests? failed/ }).waitFor()
    await end()
    server?.close()
  })

  test('texts of captures and names of files are texts, whatever they are', async () => {
    const ask = `GET /<img/src=x/onerror=alert(1)>\u202e"'&${'x'.repeat(6000)}`
    const hostile = gateway({ ask, attempts: [(upstream) => upstream.syn().rst('<')], answer: 502 })
    const { page, end } = await open(empty)
    await drop(page, [
      { name: '<script>alert(1)</script>\u202egnp.pcap', bytes: hostile.front },
      { name: '\u0007back\u200b.pcap', bytes: hostile.back },
    ])
    await page.getByRole('heading', { name: /Connection refused/ }).waitFor()
    for (const view of ['overview', 'incident', 'connections', 'exchanges', 'captures']) {
      await page.evaluate((name) => {
        location.hash = `#/${name}`
      }, view)
      await page.waitForTimeout(150)
      expect(await page.locator('img').count()).toBe(0)
      const text = await page.locator('body').innerText()
      for (const steering of ['\u0007', '\u200b', '\u202e']) expect(text).not.toContain(steering)
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    }
    await end()
  })

  test.each([360, 1024, 1600])(
    'nothing keeps anybody out, at a width of %i',
    async (width) => {
      const { page, end } = await open(empty, { viewport: { width, height: 800 }, reducedMotion: 'reduce' })
      const wrong: string[] = []
      const look = async (where: string): Promise<void> => {
        wrong.push(...(await accessibility(page)).map((what) => `${where}: ${what}`))
        await page.emulateMedia({ colorScheme: 'dark' })
        // Nothing else depends on it.
        wrong.push(...(await accessibility(page, 'color-contrast')).map((what) => `${where}, dark: ${what}`))
        await page.emulateMedia({ colorScheme: 'light' })
        const isWide = await page.evaluate('document.documentElement.scrollWidth > innerWidth')
        if (isWide) wrong.push(`${where}: wider than the screen`)
      }
      await look('empty')
      await drop(page, await caseFiles('nginx-no-live-upstreams', SLOW))
      await page.getByText('2 incidents').waitFor()
      for (const view of ['overview', 'incident', 'connections', 'exchanges', 'captures']) {
        await page.evaluate((name) => {
          location.hash = `#/${name}`
        }, view)
        await page.waitForTimeout(250)
        await look(view)
      }
      expect(wrong).toEqual([])
      await end()
    },
    120_000,
  )
})

/** A capture whose first records come again and again, for 9 GB: nobody waits for its end. */
function endless(pcap: Buffer): Buffer {
  let end = 24 // file header
  while (end < 16_000) end += 16 + pcap.readUInt32LE(end + 8) // record header, captured length
  const again = gzipSync(Buffer.concat(Array.from({ length: 1000 }, () => pcap.subarray(24, end))))
  return Buffer.concat([gzipSync(pcap.subarray(0, 24)), ...Array.from({ length: 500 }, () => again)])
}

/** Files as they are, without a header of ours. */
function plainServer(root: string): Promise<Server> {
  const types: Record<string, string> = { html: 'text/html', js: 'text/javascript', css: 'text/css' }
  const server = createServer(({ url }, answer) => {
    const name = url === '/' ? 'index.html' : url!.slice(1)
    answer.writeHead(200, { 'Content-Type': types[name.split('.').at(-1)!] ?? 'text/plain' })
    answer.end(readFileSync(join(root, name)))
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server))
  })
}

const addressOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
