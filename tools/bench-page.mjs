// The page for `npm run bench -- --page`: how long until it shows its verdict, in how much memory, and whether it answers
// meanwhile. It is the built page, from the disk, in a browser of its own; the file is chosen as a user chooses it.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const PAGE = pathToFileURL(fileURLToPath(new URL('../packages/cli/dist/web/index.html', import.meta.url))).href
const BROWSERS = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const ARGUMENTS = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking']
/** Milliseconds between two looks at memory, and between two keys that the page has to answer. */
const LOOK = 100
const KEY = 150
/** Milliseconds that a verdict may take. */
const PATIENCE = 30 * 60_000
/** The kernel's clock ticks a second. */
const USER_HZ = 100

/** Null where there is none. */
export const findBrowser = () => BROWSERS.find((file) => file && existsSync(file)) ?? null

/**
 * Opens one file. What it took:
 *
 * - `seconds`, from the choice of the file until the verdict was painted, and `cpu`, of all of the browser's processes
 * - `peak`, most resident memory of the page's process, where its worker is too, and `browser`, most memory of all
 *   processes together, each shared page once (PSS), as seen every LOOK ms; both in KiB, 0 without Linux
 * - `answers`, the longest time in milliseconds from a key press until the page had painted what came of it, `reading` and
 *   when the `verdict` came, a key every KEY ms (Event Timing, in steps of 8); `task`, the longest that the page's thread
 *   was busy, 0 where never for 50 ms
 * - `document`, as the page saves it
 */
export async function measurePage(file) {
  const browser = await chromium.launch({ executablePath: findBrowser(), args: ARGUMENTS })
  const folder = mkdtempSync(join(tmpdir(), 'pcap-surgery-page-'))
  const timers = []
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, acceptDownloads: true })
    await page.goto(PAGE)
    const picker = page.locator('input[type=file]')
    await picker.waitFor({ state: 'attached' })
    await page.evaluate(watch)
    const processes = await processesOf(browser)
    const before = sumOf(processes, cpuOf)
    let most = 0
    timers.push(setInterval(() => (most = Math.max(most, sumOf(processes, proportionalOf))), LOOK))
    timers.push(setInterval(() => page.keyboard.press('Shift').catch(() => {}), KEY))
    await picker.setInputFiles(file)
    const seen = await page.waitForFunction(() => globalThis.seen, null, { timeout: PATIENCE, polling: 200 })
    const cpu = sumOf(processes, cpuOf) - before
    // Others are kept ready for the next page.
    const peak = Math.max(...processes.filter(({ type }) => type === 'renderer').map(peakOf))
    for (const timer of timers) clearInterval(timer)
    const saved = join(folder, 'diagnosis.json')
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Diagnosis' }).click()
    await (await download).saveAs(saved)
    const document = JSON.parse(readFileSync(saved, 'utf8'))
    return { ...(await seen.jsonValue()), cpu, peak, browser: most, document }
  } finally {
    for (const timer of timers) clearInterval(timer)
    await browser.close()
    rmSync(folder, { recursive: true })
  }
}

/** Runs in the page, and leaves what it saw as `seen`. */
function watch() {
  let began = 0
  const keys = []
  const tasks = []
  const observe = (type, found) =>
    new PerformanceObserver((list) => {
      found.push(...list.getEntries().filter(({ startTime }) => startTime >= began))
    }).observe({ type, durationThreshold: 16 })
  const finish = (shown, painted) => {
    const seconds = (painted - began) / 1000
    const [answers, task] = [{ reading: 0, verdict: 0 }, Math.max(0, ...tasks.map(({ duration }) => duration))]
    for (const { startTime, duration } of keys) {
      const when = startTime + duration <= shown ? 'reading' : 'verdict'
      answers[when] = Math.max(answers[when], duration)
    }
    globalThis.seen = { seconds, answers, task }
  }
  const look = (shown) => {
    if (document.getElementById('summary') === null) requestAnimationFrame(look)
    // Painted when the next frame begins; what was observed of it, and of what it sets off, is told later.
    else requestAnimationFrame((painted) => setTimeout(finish, 1000, shown, painted))
  }
  const begin = ({ timeStamp }) => {
    began = timeStamp
    observe('event', keys)
    observe('longtask', tasks)
    requestAnimationFrame(look)
  }
  document.addEventListener('change', begin, { capture: true, once: true })
}

async function processesOf(browser) {
  const session = await browser.newBrowserCDPSession()
  return (await session.send('SystemInfo.getProcessInfo')).processInfo
}

const sumOf = (processes, of) => processes.reduce((sum, process) => sum + of(process), 0)

const peakOf = ({ id }) => memoryOf(`/proc/${id}/status`, 'VmHWM')

const proportionalOf = ({ id }) => memoryOf(`/proc/${id}/smaps_rollup`, 'Pss')

const memoryOf = (file, name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(textOf(file))?.[1] ?? 0)

/** Seconds, of all threads. */
function cpuOf({ id }) {
  const fields = textOf(`/proc/${id}/stat`).split(') ').at(-1).split(' ')
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / USER_HZ
}

/** Empty where there is no such process any more, or no Linux. */
function textOf(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
