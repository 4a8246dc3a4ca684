// An incident in a browser: its packets, the findings that cite them, its frames, and the file to keep.
import { spawnSync } from 'node:child_process'
import { createReadStream, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type DiagnosisDocument, readFrames } from '@pcap-surgery/core'
import { gateway } from '@pcap-surgery/testkit'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const PAGE = new URL('../dist/index.html', import.meta.url)
const CASES = fileURLToPath(new URL('../../../cases/', import.meta.url))
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'incident-'))
let browser: Browser
/** What any page complained of. */
const faults: string[] = []

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] })
})
afterAll(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true })
})

const noGzip = {
  gzip: (): never => {
    throw new Error('no gzip here')
  },
}

/** The captures of a case, in the order in which the page reads them. */
const capturesOf = (name: string): string[] =>
  readdirSync(join(CASES, name))
    .filter((file) => /\.pcap(?:ng)?(?:\.gz)?$/.test(file))
    .map((file) => join(CASES, name, file))

const documentOf = (name: string): DiagnosisDocument =>
  JSON.parse(readFileSync(join(CASES, name, 'expected.json'), 'utf8')) as DiagnosisDocument

/** A page on which the first incident of a case, or of captures, is open. */
async function incidentOf(of: string | string[], options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 1400 }, ...options })
  const page = await context.newPage()
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()))
  page.on('pageerror', (error) => faults.push(error.message))
  await page.goto(`${PAGE.href}#/incident`)
  await page.setInputFiles('input[type=file]', typeof of === 'string' ? capturesOf(of) : of)
  await page.waitForSelector('[role=option]')
  return page
}

/** Frames of every packet in the ladder, as `capture:frame`. */
const framesDrawn = (page: Page): Promise<string[]> =>
  page
    .locator('[role=option]')
    .evaluateAll((options) => options.flatMap((one) => one.getAttribute('data-frames')!.split(' ')))

const tshark = (file: string, ...args: string[]): string => {
  const { status, stdout, stderr } = spawnSync('tshark', ['-r', file, ...args], { encoding: 'utf8' })
  expect({ file, status, said: stderr.replaceAll(/^Running as user.*\n/gm, '') }).toEqual({ file, status: 0, said: '' })
  return stdout
}

describe.each(['haproxy-mtu-request', 'chain-nginx-haproxy-slow', 'nginx-keepalive-race', 'caddy-connect-refused'])(
  '%s',
  (name) => {
    let page: Page
    beforeAll(async () => {
      page = await incidentOf(name)
    })
    afterAll(() => page?.context().close())

    test('the window says which incident it is, also where one came by a link', async () => {
      const { incidents, masked } = documentOf(name)
      const { status } = [...incidents, ...masked][0]!
      expect(await page.title()).toMatch(new RegExp(`^${status} .+ – ${incidents.length} failed – PCAP Surgery$`))
    })

    test('every packet that the incident’s own filters show is in the ladder, once', async () => {
      const files = capturesOf(name)
      const { incidents, masked } = documentOf(name)
      const { filters } = [...incidents, ...masked][0]!
      const shown = filters.flatMap(({ capture, filter }) =>
        tshark(files[capture]!, '-Y', filter, '-T', 'fields', '-e', 'frame.number')
          .trim()
          .split('\n')
          .map((frame) => `${capture}:${frame}`),
      )
      await page.getByRole('checkbox', { name: 'Every packet by itself' }).check()
      const drawn = await framesDrawn(page)
      expect(new Set(drawn).size).toBe(drawn.length)
      expect(drawn).toEqual(expect.arrayContaining(shown))
    })

    test('pointing at a finding marks its packets, and a packet marks the findings that cite it', async () => {
      const { incidents, masked } = documentOf(name)
      const { findings } = [...incidents, ...masked][0]!
      const finding = findings[0]!
      const item = page.getByRole('button', { name: finding.text })
      await item.hover()
      const marked = page.locator('[role=option][data-pointed=true]')
      const keys = await marked.evaluateAll((options) =>
        options.flatMap((one) => one.getAttribute('data-frames')!.split(' ')),
      )
      expect(keys).toEqual(expect.arrayContaining(finding.frames.map(({ capture, frame }) => `${capture}:${frame}`)))
      await item.click()
      await page.mouse.move(0, 0)
      await page.getByRole('listbox').focus()
      await expect.poll(() => item.locator('xpath=..').getAttribute('data-cited')).toBe('true')
    })
  },
)

describe('a frame', () => {
  let page: Page
  beforeAll(async () => {
    page = await incidentOf('haproxy-mtu-request')
    await page.getByRole('listbox').focus()
    await page.keyboard.press('Home')
    await page.keyboard.press('Enter')
    await page.waitForSelector('[role=tree]')
  })
  afterAll(() => page?.context().close())

  const open = async (): Promise<{ capture: number; frame: number }> => {
    const [capture, frame] = new URLSearchParams(new URL(page.url()).hash.split('?')[1]).get('frame')!.split(':')
    return { capture: Number(capture), frame: Number(frame) }
  }

  test('shows the bytes that the file has', async () => {
    const { capture, frame } = await open()
    const file = capturesOf('haproxy-mtu-request')[capture]!
    const read = await readFrames({ open: () => createReadStream(file) }, new Set([frame]), { decompression: noGzip })
    const bytes = await page
      .getByRole('textbox', { name: 'Bytes' })
      .locator('span[data-at]')
      .evaluateAll((cells) => cells.map((cell) => cell.textContent).filter((text) => text.length === 2))
    expect(bytes.join(' ')).toBe(Array.from(read.get(frame)!.bytes, (x) => x.toString(16).padStart(2, '0')).join(' '))
  })

  test('a field marks its bytes, and a byte its field', async () => {
    const marked = (): Promise<(string | null)[]> =>
      page.locator('[data-mark=field]').evaluateAll((cells) => cells.map((cell) => cell.getAttribute('data-at')))
    await page.getByRole('treeitem', { name: 'Destination Port' }).click()
    expect(new Set(await marked())).toEqual(new Set(['36', '37']))
    await page.locator('[data-at="26"]').first().click()
    const selected = page.locator('[role=treeitem][aria-selected=true]')
    await expect.poll(() => selected.textContent()).toContain('Source Address')
    expect(new Set(await marked())).toEqual(new Set(['26', '27', '28', '29']))
    await selected.focus()
    await page.keyboard.press('ArrowDown')
    await expect.poll(() => selected.textContent()).toContain('Destination Address')
  })

  test('follows the packets that one walks, and closes', async () => {
    const before = await open()
    await page.getByRole('listbox').focus()
    await page.keyboard.press('ArrowDown')
    expect(await open()).not.toEqual(before)
    const { frame } = await open()
    await expect.poll(() => page.locator('#frame-title').textContent()).toContain(`Frame ${frame}`)
    await page.keyboard.press('Escape')
    await expect.poll(() => page.locator('#frame-title').count()).toBe(0)
  })
})

test('by keyboard alone, from the captures to a file that others can read', async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true })
  const page = await context.newPage()
  page.on('pageerror', (error) => faults.push(error.message))
  await page.goto(PAGE.href)
  await page.setInputFiles('input[type=file]', capturesOf('haproxy-mtu-request'))
  await page.waitForSelector('nav[aria-label="Views"]')
  const tabTo = async (what: string): Promise<void> => {
    for (let presses = 0; presses < 200; presses++) {
      await page.keyboard.press('Tab')
      if (await page.evaluate((selector) => document.activeElement?.matches(selector) === true, what)) return
    }
    throw new Error(`Tab does not come to ${what}`)
  }
  await tabTo('main a[href^="#/incident/"]')
  await page.keyboard.press('Enter')
  await page.waitForSelector('[role=option]')
  await tabTo('[role=listbox]')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.waitForSelector('[role=tree]')
  await tabTo('[role=treeitem]')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Escape')
  await expect.poll(() => page.locator('[role=tree]').count()).toBe(0)
  await tabTo('form button[type=submit]')
  const downloading = page.waitForEvent('download')
  await page.keyboard.press('Enter')
  const download = await downloading
  const file = join(folder, download.suggestedFilename())
  await download.saveAs(file)
  const frames = tshark(file, '-T', 'fields', '-e', 'frame.number').trim().split('\n')
  expect(frames.length).toBeGreaterThan(10)
  await context.close()
})

test('what strangers sent is text, and none of it is out of sight', async () => {
  const { both } = gateway({
    ask: 'GET /<img/src=x/onerror=alert(1)>\u001b[31m',
    attempts: [(upstream, text) => upstream.handshake().send('>', text).wait(0.2).rst('<')],
    answer: 502,
  })
  const file = join(folder, 'hostile.pcap')
  writeFileSync(file, both)
  const page = await incidentOf([file])
  page.on('dialog', (dialog) => faults.push(dialog.message()))
  await page.getByRole('option', { name: 'request, GET /<img' }).first().click()
  await page.getByRole('treeitem', { name: 'Request Line' }).click()
  const shown = await page.locator('#page').innerText()
  expect(shown).toContain('GET /<img/src=x/onerror=alert(1)>\\x1b[31m')
  expect(shown).not.toContain('\u001b')
  expect(await page.locator('img').count()).toBe(0)
  await page.context().close()
})

describe.each([
  [360, 'light'],
  [1280, 'dark'],
] as const)('%i pixels, %s', (width, colorScheme) => {
  test.each(['haproxy-mtu-request', 'nginx-tls-expired'])('%s has nothing that axe objects to', async (name) => {
    const page = await incidentOf(name, { viewport: { width, height: 800 }, colorScheme, reducedMotion: 'reduce' })
    await page.getByRole('listbox').focus()
    await page.keyboard.press('Enter')
    await page.waitForSelector('[role=tree]')
    await page.evaluate(AXE)
    const violations = await page.evaluate(async () => {
      const axe = (
        globalThis as unknown as {
          axe: { run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> }
        }
      ).axe
      const { violations: found } = await axe.run({ preload: false })
      return found.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)
    })
    expect(violations).toEqual([])
    const isOverflowing = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)
    expect(isOverflowing).toBe(false)
    await page.context().close()
  })
})

test('no page complained', () => {
  expect(faults).toEqual([])
})
