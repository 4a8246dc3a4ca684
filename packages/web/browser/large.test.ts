// Large captures: the page can be used while one is read, shows of it what the command finds, and lets go of it.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { COMMAND } from '../../../tools/command.ts'
import { caseFiles, CASES, drop, isWithoutBrowser, open, serveUi, useBrowser } from './harness.ts'

const BYTES = 50_000_000
const SLOW = ['nginx-upstream-slow-pool', ['proxy-front.pcap']] as const

describe.skipIf(isWithoutBrowser)('a large capture', () => {
  useBrowser()
  const folder = mkdtempSync(join(tmpdir(), 'pcap-surgery-large-'))
  const large = join(folder, 'large.pcap')
  let empty: string
  beforeAll(async () => {
    const multiply = fileURLToPath(new URL('../../../tools/multiply.mjs', import.meta.url))
    spawnSync(process.execPath, [multiply, `${CASES}${SLOW[0]}/${SLOW[1][0]}`, large, `${BYTES}`])
    empty = await serveUi()
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test('shows all that the command finds in it, and how far it is meanwhile, compressed too', async () => {
    expect(statSync(large).size).toBeGreaterThan(BYTES)
    const { stdout } = spawnSync(process.execPath, [COMMAND, 'diagnose', '--format', 'json', large], {
      maxBuffer: 1 << 30,
    })
    const { incidents } = JSON.parse(stdout.toString()) as { incidents: { path: string }[] }
    expect(incidents.length).toBeGreaterThan(300)
    const packed = `${large}.gz`
    writeFileSync(packed, gzipSync(readFileSync(large), { level: 1 }))
    for (const file of [large, packed]) {
      const { page, end } = await open(empty)
      const parts = await progressOf(page)
      await page.locator('input[type=file]').setInputFiles(file)
      await page.getByText(`${incidents.length} incidents`).waitFor()
      expect(await parts.evaluate((all) => all.some((part) => part > 0 && part < 1))).toBe(true)
      const list = page.getByRole('list', { name: 'Incidents' })
      await list.getByRole('link').first().press('End')
      const last = list.locator(`[aria-posinset="${incidents.length}"]`)
      expect(await last.innerText()).toContain(incidents.at(-1)!.path)
      await end()
    }
  }, 60_000)

  test('leaves what was open before to be used, and can be stopped', async () => {
    const { page, end } = await open(empty)
    await drop(page, await caseFiles(...SLOW))
    await page.getByText('1 capture,').waitFor()
    const framesBefore = await framesOf(page)
    await dropAgainAndAgain(page, large)
    const progress = page.getByRole('progressbar', { name: 'Bytes read' })
    await progress.waitFor()
    await page.getByRole('list', { name: 'Incidents' }).getByRole('link').first().click()
    await page.getByText('10 packets of 1 connection').waitFor()
    await page.getByRole('link', { name: 'Connections' }).click()
    await page.getByRole('grid').or(page.getByRole('table')).first().waitFor()
    await page.getByRole('link', { name: 'Overview' }).click()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByText('Reading was stopped: this is what was found until then.').waitFor()
    expect(await framesOf(page)).toBeGreaterThan(framesBefore)
    expect(await progress.count()).toBe(0)
    await end()
  }, 60_000)

  test('is let go of when it is closed, or while it is read', async () => {
    const { page, end } = await open(empty)
    await drop(page, await caseFiles(...SLOW))
    await page.getByText('1 capture,').waitFor()
    await dropAgainAndAgain(page, large)
    await page.getByRole('progressbar', { name: 'Bytes read' }).waitFor()
    expect(page.workers()).toHaveLength(1)
    await page.getByRole('link', { name: 'Captures' }).click()
    await page.getByRole('button', { name: 'Close all' }).click()
    await page.getByRole('button', { name: 'Try an example' }).waitFor()
    await expect.poll(() => page.workers().length).toBe(0)
    await drop(page, await caseFiles('nginx-no-live-upstreams', ['proxy-front.pcap']))
    await page.getByText('1 capture,').waitFor()
    expect(page.workers()).toHaveLength(1)
    await end()
  }, 60_000)
})

/** What the progress bar says from now on, 0 to 1. */
const progressOf = (page: Page) =>
  page.evaluateHandle(() => {
    const parts: number[] = []
    const look = (): void => {
      const bar = document.querySelector('progress')
      if (bar?.hasAttribute('value')) parts.push(bar.value)
    }
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, attributes: true })
    return parts
  })

/** Frames of all captures, as the overview says. */
async function framesOf(page: Page): Promise<number> {
  const [, number] = /([\d,]+) frames/.exec(await page.getByText(/captures?, [\d,]+ frames/).innerText())!
  return Number(number!.replaceAll(',', ''))
}

/** Drops the records of a capture a hundred times over, as one file: nobody waits for its end. */
async function dropAgainAndAgain(page: Page, file: string): Promise<void> {
  await page.evaluate(() => {
    const picker = document.createElement('input')
    picker.type = 'file'
    picker.id = 'again'
    picker.hidden = true
    document.body.append(picker)
  })
  await page.locator('#again').setInputFiles(file)
  await page.evaluate(() => {
    const [whole] = document.querySelector<HTMLInputElement>('#again')!.files!
    const records = whole!.slice(24)
    const dataTransfer = new DataTransfer()
    dataTransfer.items.add(new File([whole!, ...Array.from({ length: 99 }, () => records)], 'again.pcap'))
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }))
  })
}
