// The README's pictures: the built page and the HTML report with bundled cases, in light and dark, into docs/pictures/.
// npm run pictures -- [FOLDER]; CHROMIUM=/path/to/it where it is not /usr/bin/chromium.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { smallPng } from './small-png.mjs'

const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))
const COMMAND = here('packages/cli/bin/pcap-surgery.js')
/** A picture may weigh this many bytes: a README is read over bad networks too. */
const LARGEST = 250_000

const SLOW = { name: 'nginx-upstream-slow-pool', files: ['proxy-front.pcap', 'proxy-back.pcap'] }
const CHAIN = { name: 'chain-nginx-haproxy-slow', files: ['proxy-front.pcap', 'proxy-back.pcap', 'inner-back.pcap'] }
const MTU = { name: 'haproxy-mtu-request', files: ['proxy-front.pcap', 'proxy-back.pcap', 'upstream.pcap'] }

/** What is pictured: an address, the size of the window, what is waited for, and what is pressed then. */
const PICTURES = [
  {
    name: 'overview',
    of: () => serve(SLOW),
    fragment: '#/overview',
    width: 1180,
    height: 860,
    sees: 'text=exchanges, up to',
  },
  {
    name: 'incident',
    of: () => serve(MTU),
    fragment: '#/incident/1',
    width: 1280,
    height: 1000,
    sees: 'text=packets as a table',
  },
  {
    name: 'frame',
    of: () => serve(MTU),
    fragment: '#/incident/1',
    width: 1280,
    height: 900,
    sees: 'text=packets as a table',
    press: /\b74\b/,
  },
  { name: 'report', of: () => report(CHAIN), fragment: '', width: 1000, height: 1000, sees: 'figcaption, svg' },
]

const folder = process.argv[2] ?? here('docs/pictures')
const scratch = mkdtempSync(join(tmpdir(), 'pcap-surgery-pictures-'))
const servers = []
mkdirSync(folder, { recursive: true })
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--font-render-hinting=none'],
})
try {
  const blank = await browser.newPage()
  for (const { name, of, fragment, width, height, sees, press } of PICTURES) {
    const address = (await of()) + fragment
    for (const colorScheme of ['light', 'dark']) {
      const page = await browser.newPage({
        viewport: { width, height },
        deviceScaleFactor: 2,
        colorScheme,
        reducedMotion: 'reduce',
        locale: 'en-GB',
        timezoneId: 'UTC',
      })
      await page.goto(address)
      await page.locator(sees).first().waitFor()
      if (press !== undefined) await page.getByRole('button', { name: press }).first().click()
      await page.waitForTimeout(1000) // for what comes from the worker after the first of it
      const picture = await smallPng(blank, await page.screenshot())
      if (picture.length > LARGEST) throw new Error(`${name}, ${colorScheme}: ${picture.length} bytes are too many`)
      writeFileSync(join(folder, `${name}-${colorScheme}.png`), picture)
      await page.close()
    }
  }
} finally {
  for (const server of servers) server.kill()
  await browser.close()
  rmSync(scratch, { recursive: true })
}

/** The page with the captures of a case; answers its address. */
function serve({ name, files }) {
  const server = spawn(process.execPath, [COMMAND, 'ui', '--no-open', ...files], {
    cwd: here(`cases/${name}`),
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  servers.push(server)
  return new Promise((resolve, reject) => {
    server.stdout.once('data', (address) => resolve(String(address).trim()))
    server.once('exit', (status) => reject(new Error(`pcap-surgery ui ended with ${status}`)))
  })
}

/** The HTML report of a case; answers its address. */
function report({ name, files }) {
  const file = join(scratch, `${name}.html`)
  const args = ['diagnose', ...files, '--format', 'html', '-o', file]
  const { status } = spawnSync(process.execPath, [COMMAND, ...args], { cwd: here(`cases/${name}`) })
  if (status !== 0) throw new Error(`pcap-surgery diagnose ended with ${status}`)
  return pathToFileURL(file).href
}
