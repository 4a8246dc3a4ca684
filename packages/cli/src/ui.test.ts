// The page as `pcap-surgery ui` serves it: what it answers, whom, and how it ends. What the page does is in
// packages/web/browser/.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { servePage } from './io/page-server.ts'
import { COMMAND, runCommand } from '../../../tools/command.ts'

const folder = mkdtempSync(join(tmpdir(), 'pcap-surgery-ui-'))
const started: ChildProcessByStdio<null, Readable, Readable>[] = []
afterAll(() => {
  for (const child of started) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

const CASE = fileURLToPath(new URL('../../../cases/nginx-h2-tls-front-keys/', import.meta.url))
const HOSTILE = '</script><b>&.pcap'
mkdirSync(join(folder, '<'))
writeFileSync(join(folder, HOSTILE), readFileSync(`${CASE}proxy-back.pcap`))

interface Ui {
  child: ChildProcessByStdio<null, Readable, Readable>
  port: number
  root: string
}

async function ui(...args: string[]): Promise<Ui> {
  const child = spawn(process.execPath, [COMMAND, 'ui', '--no-open', ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started.push(child)
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (data: Buffer) => resolve(data.toString()))
    child.stderr.once('data', () => {})
    child.once('exit', (status) => reject(new Error(`ended with ${status}`)))
  })
  const { port, pathname } = new URL(line.trim())
  return { child, port: Number(port), root: pathname }
}

interface Answered {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}

function ask({ port }: Ui, path: string, { method = 'GET', host = `127.0.0.1:${port}` } = {}): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers: { host }, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
      )
    })
    asked.on('error', reject)
    asked.end()
  })
}

const served = await ui(`${CASE}proxy-front.pcap`, HOSTILE, '--keys', `${CASE}keys.log`)

test('the page comes with a policy that lets nothing connect, and may be framed by nobody', async () => {
  for (const name of ['', 'index.html', 'page.js', 'page.css', 'THIRD-PARTY.txt']) {
    const { status, headers } = await ask(served, served.root + name)
    expect(status).toBe(200)
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    })
    const policy = String(headers['content-security-policy']).split('; ')
    expect(policy).toEqual(
      expect.arrayContaining([
        `default-src 'none'`,
        `connect-src 'none'`,
        `script-src 'self'`,
        `frame-ancestors 'none'`,
      ]),
    )
  }
})

test('the policy of the page where it lies is that of the header, but for what only a header may say', async () => {
  const { headers, body } = await ask(served, served.root)
  const [, inPage] = /http-equiv="Content-Security-Policy"\s+content="([^"]*)"/.exec(body.toString())!
  expect(headers['content-security-policy']).toBe(`${inPage}; frame-ancestors 'none'`)
  expect(inPage).toContain(`worker-src blob: 'self'`)
})

// A worker by URL does not have the page's policy but that of its own response, which plain files do not come with.
test('without captures there is nothing to connect to, and no worker that could', async () => {
  const empty = await ui()
  const { headers, body } = await ask(empty, empty.root)
  for (const policy of [String(headers['content-security-policy']), body.toString()]) {
    expect(policy).toContain('worker-src blob:;')
    expect(policy).toContain('img-src data:;')
  }
  expect((await ask(empty, `${empty.root}feed.js`)).status).toBe(404)
  expect((await ask(served, `${served.root}feed.js`)).status).toBe(200)
})

test('what feeds captures to the page may connect to them, and to nothing else', async () => {
  const { headers } = await ask(served, `${served.root}feed.js`)
  const from = (host: string): string => `http://${host}:${served.port}${served.root}captures/`
  expect(headers['content-security-policy']).toBe(
    `default-src 'none'; connect-src ${from('127.0.0.1')} ${from('localhost')}`,
  )
})

test('the page is told what it was given, whatever the names are', async () => {
  const { body } = await ask(served, served.root)
  const [, data] = /<script type="application\/json" id="given">(.*?)<\/script>/.exec(body.toString())!
  const given = JSON.parse(data!) as { name: string; size: number; url: string }[]
  expect(given.map(({ name }) => name)).toEqual([`${CASE}proxy-front.pcap`, HOSTILE, `${CASE}keys.log`])
  for (const { name, size, url } of given) {
    const { status, body: bytes } = await ask(served, served.root + url)
    expect(status).toBe(200)
    expect(bytes.equals(readFileSync(join(name.startsWith('/') ? '/' : folder, name)))).toBe(true)
    expect(size).toBe(bytes.length)
  }
})

test('HEAD is answered without the content, other methods are refused', async () => {
  const head = await ask(served, `${served.root}captures/0`, { method: 'HEAD' })
  expect(head.headers['content-length']).toBe(String(statSync(`${CASE}proxy-front.pcap`).size))
  expect(head.body).toHaveLength(0)
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    expect(await ask(served, served.root, { method })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
  }
})

// DNS rebinding: a site lets its own name point to 127.0.0.1 and asks as itself.
test('only requests to this machine by its address are answered', async () => {
  for (const host of ['evil.example', `evil.example:${served.port}`, '127.0.0.1', '127.0.0.1:1']) {
    expect((await ask(served, served.root, { host })).status).toBe(421)
  }
  expect((await ask(served, served.root, { host: `localhost:${served.port}` })).status).toBe(200)
})

test('nothing is there without the token, and nothing but what was built and given with it', async () => {
  const { root } = served
  const paths = ['/', '/index.html', '/captures/0', '/x/captures/0', `${root.slice(0, -2)}/`, root.slice(0, -1)]
  const beyond = [
    '../package.json',
    '%2e%2e/package.json',
    '..%2f..%2fetc%2fpasswd',
    'captures/3',
    'captures/',
    'captures/-1',
  ]
  for (const path of [...paths, ...beyond.map((name) => root + name), `//etc/passwd`, `${root}page.js?x`]) {
    expect(await ask(served, path)).toMatchObject({ status: 404, headers: { 'x-content-type-options': 'nosniff' } })
  }
})

// What opens a browser is told it in its arguments, where other users of the machine can read it.
test('the entrance leads to the page once', async () => {
  const server = await servePage(new URL('../dist/web/', import.meta.url), [], 0)
  const { pathname, port } = new URL(server.entrance)
  const at = { ...served, port: Number(port) }
  expect(await ask(at, pathname)).toMatchObject({
    status: 302,
    headers: { location: new URL(server.address).pathname },
  })
  expect((await ask(at, pathname)).status).toBe(404)
  server.close()
})

test('it ends well when it is interrupted, also while somebody is connected', async () => {
  const { child, ...rest } = await ui()
  await ask({ child, ...rest }, rest.root)
  child.kill('SIGINT')
  const [status, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.once('exit', (...ended) => resolve(ended))
  })
  expect([status, signal]).toEqual([0, null])
})

/** What is said of it. */
const refused = async (...args: string[]): Promise<string> => {
  const { status, out, err } = await runCommand(folder, ['ui', '--no-open', ...args])
  expect({ status, out }).toEqual({ status: 2, out: '' })
  return err
}

test('what cannot be read is said before anything is served', async () => {
  expect(await refused('nowhere.pcap')).toBe('pcap-surgery: nowhere.pcap: no such file\n')
  expect(await refused('.')).toContain('is a directory')
  expect(await refused('-')).toContain('standard input')
  expect(await refused('--keys', 'nowhere.log')).toBe('pcap-surgery: --keys nowhere.log: no such file\n')
  expect(await refused('--port', String(served.port))).toBe(`pcap-surgery: --port ${served.port}: is in use\n`)
  expect(await refused('--port', '70000')).toContain('Expected 0 to 65535')
})
