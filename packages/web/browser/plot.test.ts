// The time-sequence plot as it is in a browser: drawn in the page's colours, for keys and pointers, with the numbers.
import { gateway } from '@pcap-surgery/testkit'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessibility, drop, isWithoutBrowser, open, type Opened, serveUi, useBrowser } from './harness.ts'

/** A request of which nothing arrives: sent three times, and the proxy resets after two seconds. */
const { both: CAPTURE } = gateway({
  attempts: [
    (upstream, text) =>
      upstream
        .handshake()
        .send('>', text, { lost: true })
        .retransmit('>', { after: [0.2, 0.4], lost: true })
        .wait(2)
        .rst('>'),
  ],
  answer: 504,
})

let opened: Opened
let page: Page

const plot = (): ReturnType<Page['locator']> => page.getByRole('application', { name: /^Time-sequence plot/ })

/** Pixels of the canvas by colour, those that most have first. */
const colours = (): Promise<string[]> =>
  page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('[role=application] canvas')!
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true })!
    copy.drawImage(canvas, 0, 0)
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height)
    const counts = new Map<string, number>()
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] !== 255) continue
      const colour = `${data[at]} ${data[at + 1]} ${data[at + 2]}`
      counts.set(colour, (counts.get(colour) ?? 0) + 1)
    }
    return [...counts].toSorted((a, b) => b[1] - a[1]).map(([colour]) => colour)
  })

/** A colour of the page as the canvas has it. */
const ink = (name: string): Promise<string> =>
  page.evaluate((of) => {
    const { color } = getComputedStyle(document.querySelector(`[data-ink=${of}]`)!)
    return color.match(/\d+/g)!.slice(0, 3).join(' ')
  }, name)

describe.skipIf(isWithoutBrowser)('the time-sequence plot', () => {
  useBrowser()
  beforeAll(async () => {
    const viewport = { width: 1024, height: 800 }
    opened = await open(`${await serveUi()}#/incident`, { viewport, colorScheme: 'light' })
    page = opened.page
    await drop(page, [{ name: 'both.pcap', bytes: CAPTURE }])
    await page.waitForSelector('[role=application] canvas')
  })
  // A style that the policy forbids would be an error on the console.
  afterAll(() => opened.end())

  test('drawn in the colours of the scheme, and again when that changes', async () => {
    const again = await ink('again')
    await expect.poll(colours).toContain(again)
    await page.emulateMedia({ colorScheme: 'dark' })
    const dark = await ink('again')
    expect(dark).not.toBe(again)
    await expect.poll(colours).toContain(dark)
    expect(await colours()).not.toContain(again)
    await page.emulateMedia({ colorScheme: 'light' })
  })

  test('by keys from packet to packet, into the plot and out again, and to the frame itself', async () => {
    await plot().focus()
    const said = page.locator('[aria-live=polite]').filter({ hasText: 'seq' })
    await page.keyboard.press('ArrowRight')
    await expect.poll(() => said.textContent()).toMatch(/SYN/)
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight')
    await expect.poll(() => said.textContent()).toMatch(/retransmission/)
    const all = page.getByRole('button', { name: 'Show all' })
    expect(await all.isDisabled()).toBe(true)
    await page.keyboard.press('ArrowUp')
    await expect.poll(() => all.isDisabled()).toBe(false)
    await page.keyboard.press('Home')
    await expect.poll(() => all.isDisabled()).toBe(true)
    await page.keyboard.press('Enter')
    await expect.poll(() => page.url()).toMatch(/frame=0%3A\d+/)
    await page.keyboard.press('Escape')
  })

  test('over a time that is dragged over', async () => {
    await plot().scrollIntoViewIfNeeded()
    const { x, y, width, height } = (await plot().boundingBox())!
    await page.mouse.move(x + width * 0.4, y + height / 2)
    await page.mouse.down()
    await page.mouse.move(x + width * 0.6, y + height / 2, { steps: 3 })
    await page.mouse.up()
    const all = page.getByRole('button', { name: 'Show all' })
    await expect.poll(() => all.isDisabled()).toBe(false)
    await all.click()
    expect(await all.isDisabled()).toBe(true)
  })

  test('as wide as there is room, and as high before as after', async () => {
    const widthOf = (): Promise<number> => page.locator('[role=application] canvas').evaluate((one) => one.clientWidth)
    const { height } = (await plot().boundingBox())!
    const wide = await widthOf()
    await page.setViewportSize({ width: 360, height: 800 })
    await expect.poll(widthOf).toBeLessThan(360)
    expect((await plot().boundingBox())!.height).toBe(height)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
    await page.setViewportSize({ width: 1024, height: 800 })
    await expect.poll(widthOf).toBe(wide)
  })

  test('with every packet in a table, whichever side’s segments are drawn', async () => {
    await page.getByText(/^\d+ packets as a table/).click()
    const table = page.getByRole('region', { name: 'Packets of the connection' })
    const flags = (): Promise<string[]> => table.locator('tbody tr td:nth-child(5)').allTextContents()
    await expect.poll(flags).not.toEqual([])
    const there = await flags()
    expect(there.filter((one) => one === 'SYN')).toHaveLength(1)
    expect(there.filter((one) => one.includes('RST'))).toHaveLength(1)
    await page.getByRole('radio', { name: 'upstream to proxy' }).check()
    expect((await flags()).toSorted()).toEqual(there.toSorted())
    expect(await plot().getAttribute('aria-label')).toMatch(/^Time-sequence plot: 0 segments from 10\.1\.0\.2:8080/)
  })

  test.each(['light', 'dark'] as const)('nothing that axe finds, %s', async (colorScheme) => {
    await page.emulateMedia({ colorScheme })
    expect(await accessibility(page)).toEqual([])
  })
})
