// The built page in a browser: served by the built command, from a disk, or by any web server. What a test's pages say
// on their consoles, and what they ask of whom, is kept.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import axe from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { COMMAND } from '../../../tools/command.ts'

/** The page as it is published. */
export const BUILT: string = fileURLToPath(new URL('../../cli/dist/web/', import.meta.url))
export const CASES: string = fileURLToPath(new URL('../../../cases/', import.meta.url))

/** Null where there is no Chromium, and none to be had. */
const EXECUTABLE = findChromium()

/** True where these tests cannot run; that has been said loudly. */
export const isWithoutBrowser: boolean = EXECUTABLE === null

function findChromium(): string | null {
  const places = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
  const found = (): string | null => places.find((place) => place && existsSync(place)) ?? null
  if (found() === null && process.platform === 'linux' && process.getuid?.() === 0) {
    spawnSync('apt-get', ['update'], { stdio: 'ignore' })
    spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], { stdio: 'ignore' })
  }
  if (found() === null)
    console.warn('\n*** THE PAGE IS NOT TESTED IN A BROWSER: no Chromium here (CHROMIUM=/path/to/it names one) ***\n')
  return found()
}

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

let browser: Browser
const started: ChildProcess[] = []

/** To be called once in a test file: starts the browser before its tests, and ends everything behind them. */
export function useBrowser(): void {
  beforeAll(async () => {
    if (EXECUTABLE !== null) browser = await chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS })
  }, 60_000)
  afterAll(async () => {
    for (const child of started) child.kill('SIGKILL')
    await browser?.close()
  })
}

/** Starts `pcap-surgery ui`; answers the address. */
export function serveUi(...args: string[]): Promise<string> {
  const child = spawn(process.execPath, [COMMAND, 'ui', '--no-open', ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  started.push(child)
  return new Promise((resolve, reject) => {
    child.stdout.once('data', (data: Buffer) => resolve(data.toString().trim()))
    child.once('exit', (status) => reject(new Error(`pcap-surgery ui ended with ${status}`)))
  })
}

export interface Opened {
  page: Page
  /** Closes the page and expects that nothing was wrong with it, and that it asked only for what lies beside it. */
  end(): Promise<void>
}

/** Opens an address in a browser of its own. */
export async function open(address: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  const page = await context.newPage()
  const problems: string[] = []
  const requests: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text())
  })
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('dialog', (dialog) => {
    problems.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('request', (request) => requests.push(request.url()))
  await page.goto(address)
  const beside = new URL('.', address).href
  return {
    page,
    async end() {
      await context.close()
      expect(problems).toEqual([])
      expect(requests.filter((url) => !url.startsWith(beside) && !/^(blob|data):/.test(url))).toEqual([])
    },
  }
}

/** Drops files onto the page. */
export async function drop(page: Page, files: readonly { name: string; bytes: Uint8Array }[]): Promise<void> {
  const given = files.map(({ name, bytes }) => ({ name, base64: Buffer.from(bytes).toString('base64') }))
  await page.evaluate((all) => {
    const dataTransfer = new DataTransfer()
    for (const { name, base64 } of all) {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
      dataTransfer.items.add(new File([bytes], name))
    }
    for (const type of ['dragover', 'drop'])
      document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }))
  }, given)
}

/** Files of a case, to be dropped. */
export const caseFiles = (name: string, files: readonly string[]): Promise<{ name: string; bytes: Uint8Array }[]> =>
  Promise.all(files.map(async (file) => ({ name: basename(file), bytes: await readFile(`${CASES}${name}/${file}`) })))

/** What axe finds, a line each: the rule and where. `rule`: it alone. */
export async function accessibility(page: Page, rule: string | null = null): Promise<string[]> {
  if (!(await page.evaluate(`'axe' in globalThis`))) await page.evaluate(axe.source)
  const options = rule === null ? {} : { runOnly: [rule] }
  const { violations } = (await page.evaluate(`axe.run(${JSON.stringify(options)})`)) as axe.AxeResults
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${String(target)}`))
}
