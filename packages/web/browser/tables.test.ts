// The tables as they are in a browser: a million rows that can all be reached, and what is done with them.
import { gateway, request, response } from '@pcap-surgery/testkit'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessibility, drop, isWithoutBrowser, open, type Opened, serveUi, useBrowser } from './harness.ts'

/** Three requests that go well and one that fails, on both legs. */
function capture(): Uint8Array {
  const { both } = gateway({
    ask: 'GET /slow',
    before: (net) => {
      for (const [n, path] of ['/a', '/b', '/c'].entries())
        net
          .tcp(net.host('client', '10.0.0.2'), net.host('proxy-front', '10.0.0.1'), 80)
          .handshake()
          .send('>', request(`GET ${path}`))
          .wait(0.1)
          .send('<', response(200, 'x'.repeat(100 * (n + 1))))
          .close('<')
    },
    attempts: [(upstream, text) => upstream.handshake().send('>', text).wait(0.2).rst('<')],
    answer: 502,
  })
  return both
}

/** An answer of the worker's to `view` and `rows`, played in its place: `count` connections whose cells have their number. */
function playWorker(count: number): void {
  const post = Worker.prototype.postMessage as (this: Worker, message: unknown, transfer?: Transferable[]) => void
  let isBackwards = false
  Worker.prototype.postMessage = function (this: Worker, asked: any, transfer: any): void {
    if (asked.is !== 'call' || (asked.name !== 'view' && asked.name !== 'rows')) {
      post.call(this, asked, transfer)
      return
    }
    let value: unknown
    if (asked.name === 'view') {
      isBackwards = asked.args[0].sort.descending
      value = { rows: count, of: count }
    } else {
      const [, from, many] = asked.args
      value = Array.from({ length: Math.min(many, count - from) }, (_, i) => {
        const id = isBackwards ? count - 1 - from - i : from + i
        const cells = [`2026-01-02T03:04:05.${String(id).padStart(9, '0')}Z`, `client ${id}`, `server ${id}`]
        return { id, cells: [...cells, 'HTTP/1', 1, id / 1e6, id, id, 2, 0, 'FIN by server', 'x.pcap'] }
      })
    }
    setTimeout(
      () => this.dispatchEvent(new MessageEvent('message', { data: { is: 'answer', id: asked.id, value } })),
      5,
    )
  }
}

let address: string

/** `count`: as many rows, played; else those of the capture. */
async function openAt(hash: string, count: number | null, options: BrowserContextOptions = {}): Promise<Opened> {
  const opened = await open(`${address}${hash}`, { viewport: { width: 1280, height: 800 }, ...options })
  const { page } = opened
  if (count !== null) await page.evaluate(playWorker, count)
  await drop(page, [{ name: 'both.pcap', bytes: capture() }])
  await page.waitForSelector('[role=gridcell]:not(:empty)')
  return opened
}

/** Rows whose middle is in view: number by what it says, and its place. */
const rowsInView = (page: Page): Promise<{ says: string; index: number; top: number; height: number }[]> =>
  page.evaluate(() => {
    const grid = document.querySelector('[role=grid]')!
    const view = grid.getBoundingClientRect()
    const head = grid.querySelector('[role=columnheader]')!.getBoundingClientRect()
    return [...grid.querySelectorAll('[role=row]')].slice(1).flatMap((row) => {
      const { top, height } = row.getBoundingClientRect()
      const isIn = top + height / 2 > head.bottom && top + height / 2 < view.bottom
      const says = row.querySelectorAll('[role=gridcell]')[1]!.textContent
      return isIn ? [{ says, index: Number(row.getAttribute('aria-rowindex')) - 2, top, height }] : []
    })
  })

/** Waits until all rows in view are there; each is what its number says, and stands right below the one before. */
async function settledRows(page: Page): Promise<{ first: number; last: number }> {
  let rows: Awaited<ReturnType<typeof rowsInView>> = []
  await expect
    .poll(async () => {
      const before = JSON.stringify(rows)
      rows = (await rowsInView(page)).toSorted((a, b) => a.index - b.index)
      return rows.length > 10 && rows.every(({ says }) => says !== '') && JSON.stringify(rows) === before
    })
    .toBe(true)
  const [{ index: first, top, height }] = rows as [(typeof rows)[number]]
  expect(rows.map(({ says }) => says)).toEqual(rows.map((_, i) => `client ${first + i}`))
  for (const [i, row] of rows.entries()) expect(row.top).toBeCloseTo(top + i * height, 0)
  return { first, last: first + rows.length - 1 }
}

const focused = (page: Page): Promise<string> =>
  page.evaluate(() => `${document.activeElement?.getAttribute('role')} ${document.activeElement?.textContent}`)

describe.skipIf(isWithoutBrowser)('tables', () => {
  useBrowser()
  beforeAll(async () => {
    address = await serveUi()
  })

  describe.each([1e6, 1e7])('%i rows', (count) => {
    const last = count - 1
    let page: Page
    let end: Opened['end']
    beforeAll(async () => {
      ;({ page, end } = await openAt('#/connections', count))
    })
    afterAll(() => end())

    test('by keys: the first, the last, and pages between', async () => {
      await page.focus('[role=gridcell][tabindex="0"]')
      await page.keyboard.press('ArrowRight')
      expect(await focused(page)).toBe('gridcell client 0')
      expect((await settledRows(page)).first).toBe(0)
      await page.keyboard.press('Control+End')
      expect((await settledRows(page)).last).toBe(last)
      await page.keyboard.press('Home')
      await page.keyboard.press('ArrowRight')
      expect(await focused(page)).toBe(`gridcell client ${last}`)
      await page.keyboard.press('PageUp')
      await settledRows(page)
      const up = Number((await focused(page)).split(' ').at(-1))
      expect(up).toBeGreaterThan(last - 40)
      expect(up).toBeLessThan(last - 10)
      await page.keyboard.press('Control+Home')
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('ArrowRight')
      expect((await settledRows(page)).first).toBe(0)
      expect(await focused(page)).toBe('gridcell client 1')
    })

    test('by the bar and the wheel: from the middle row by row', async () => {
      await page.evaluate(() => {
        const grid = document.querySelector('[role=grid]')!
        grid.scrollTo(0, (grid.scrollHeight - grid.clientHeight) / 2)
      })
      const { first } = await settledRows(page)
      expect(Math.abs(first - count / 2)).toBeLessThan(count / 1000)
      await page.mouse.move(600, 400)
      await page.mouse.wheel(0, 300)
      await page.waitForTimeout(500)
      expect((await settledRows(page)).first).toBe(first + 10)
      await page.mouse.wheel(0, -600)
      await page.waitForTimeout(500)
      expect((await settledRows(page)).first).toBe(first - 10)
      await page.evaluate(() => document.querySelector('[role=grid]')!.scrollTo(0, 1e9))
      expect((await settledRows(page)).last).toBe(last)
      await page.evaluate(() => document.querySelector('[role=grid]')!.scrollTo(0, 0))
      expect((await settledRows(page)).first).toBe(0)
    })

    test('sorted otherwise, they are shown from the first', async () => {
      await page.keyboard.press('Control+End')
      await page.click('[role=columnheader]:has-text("Start") button')
      await page.waitForSelector('[aria-sort=descending]')
      await expect.poll(async () => (await rowsInView(page))[0]).toMatchObject({ index: 0, says: `client ${last}` })
      await page.keyboard.press('Enter')
      await expect.poll(async () => (await rowsInView(page))[0]).toMatchObject({ index: 0, says: 'client 0' })
      await page.keyboard.press('ArrowDown')
    })

    test('the focus stays with its cell however far one scrolls, and keys go on from it', async () => {
      await page.keyboard.press('Control+Home')
      await page.keyboard.press('ArrowRight')
      await page.evaluate(() => document.querySelector('[role=grid]')!.scrollTo(0, 3e6))
      await settledRows(page)
      expect(await focused(page)).toBe('gridcell client 0')
      await page.keyboard.press('ArrowDown')
      expect(await focused(page)).toBe('gridcell client 1')
      expect((await settledRows(page)).first).toBeLessThanOrEqual(1)
    })
  })

  test('long tasks while a million rows fly by', async () => {
    const { page, end } = await openAt('#/connections', 1e6)
    await page.evaluate(() => {
      const seen: number[] = []
      Object.assign(globalThis, { seen })
      new PerformanceObserver((list) => seen.push(...list.getEntries().map(({ duration }) => duration))).observe({
        type: 'longtask',
      })
    })
    await page.mouse.move(600, 400)
    for (let i = 0; i < 30; i++) await page.mouse.wheel(0, 900)
    for (let i = 1; i <= 20; i++)
      await page.evaluate((at) => document.querySelector('[role=grid]')!.scrollTo(0, at * 4e5), i)
    await page.waitForTimeout(300)
    const seen = await page.evaluate(() => (globalThis as unknown as { seen: number[] }).seen)
    console.log(`long tasks while scrolling: ${seen.length === 0 ? 'none' : `${seen.map(Math.round).join(', ')} ms`}`)
    expect(Math.max(0, ...seen)).toBeLessThan(1000)
    await end()
  })

  describe('what is done with rows', () => {
    let page: Page
    let end: Opened['end']
    beforeAll(async () => {
      ;({ page, end } = await openAt('#/exchanges', null))
    })
    afterAll(() => end())

    const targets = async (): Promise<string[]> => {
      await page.waitForFunction(() => document.querySelector('[role=grid]')!.getAttribute('aria-busy') === 'false')
      // Rows are known by their number before they are there.
      await page.waitForFunction(() =>
        [...document.querySelectorAll('[role=gridcell][aria-colindex="1"]')].every((cell) => cell.textContent !== ''),
      )
      const at = await page.locator('[role=columnheader]').allTextContents()
      const column = at.indexOf('Target') + 1
      return page.locator(`[role=row] [role=gridcell][aria-colindex="${column}"]`).allTextContents()
    }

    test('sorted by the head of a column, as the link says', async () => {
      expect(await targets()).toEqual(['/a', '/b', '/c', '/slow', '/slow'])
      await page.click('[role=columnheader]:has-text("Bytes") button')
      await page.waitForSelector('[aria-sort=descending]')
      expect((await targets()).slice(0, 3)).toEqual(expect.arrayContaining(['/c', '/b']))
      expect(page.url()).toContain('sort=-bytes')
      await page.click('[role=columnheader]:has-text("Target") button')
      await page.waitForSelector('[aria-sort=ascending]')
      expect((await targets())[0]).toBe('/a')
    })

    test('filtered by words, from anywhere with a key', async () => {
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('/')
      await page.keyboard.type('status:200 /b')
      await page.waitForFunction(() => location.hash.includes('filter='))
      expect(await targets()).toEqual(['/b'])
      expect(await page.textContent('[role=status]')).toBe('1 of 5')
      await page.fill('input[type=search]', 'nowhere')
      await page.getByText('None of 5 has all of these words.').waitFor()
      await page.fill('input[type=search]', '')
      await page.waitForFunction(() => document.querySelectorAll('[role=gridcell]').length > 0)
      expect(await targets()).toHaveLength(5)
    })

    test('a row opens with all its facts, and its filter; the focus comes back', async () => {
      await page.locator('[role=gridcell]', { hasText: '/b' }).click()
      const panel = page.getByRole('dialog')
      for (const key of ['Enter', null]) {
        await panel.getByText('GET /b').waitFor()
        expect(await panel.locator('code').textContent()).toMatch(
          /^\(ip\.addr == 10\.0\.0\.2 && .*frame\.number >= \d+/,
        )
        expect(page.url()).toMatch(/row=\d/)
        await page.keyboard.press('Escape')
        await panel.waitFor({ state: 'detached' })
        expect(await focused(page)).toBe('gridcell /b')
        if (key !== null) await page.keyboard.press(key)
      }
    })

    test('what is copied is the whole of the active cell', async () => {
      const copied = await page.evaluate(() => {
        const clipboardData = new DataTransfer()
        document.activeElement!.dispatchEvent(new ClipboardEvent('copy', { clipboardData, bubbles: true }))
        return clipboardData.getData('text/plain')
      })
      expect(copied).toBe('/b')
    })

    test('an exchange of an incident leads to it', async () => {
      await page.locator('[role=gridcell]', { hasText: '/slow' }).first().click()
      await page.waitForURL(/incident/)
      expect(page.url()).toMatch(/#\/incident\/1$/)
    })
  })

  test.each([
    [360, 'light'],
    [1024, 'dark'],
    [1600, 'light'],
  ] as const)('axe finds nothing at %i pixels, %s, and nothing is wider', async (width, colorScheme) => {
    const { page, end } = await openAt('#/connections', null, { viewport: { width, height: 800 }, colorScheme })
    for (const hash of ['#/connections?filter=none', '#/connections', '#/exchanges?row=0']) {
      await page.evaluate((to) => location.assign(to), hash)
      await page.waitForFunction(() => document.querySelector('[role=grid]')?.ariaBusy === 'false')
      if (hash.includes('row')) await page.getByRole('dialog').waitFor()
      expect({ hash, found: await accessibility(page) }).toEqual({ hash, found: [] })
      expect(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)).toBe(false)
    }
    await end()
  })
})
