// What a local server meets from other users of the machine, and from files that do not stay what they were.
import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { userOf } from './loopback-peer.ts'
import { type Given, type PageServer, servePage } from './page-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'pcap-surgery-server-'))
const servers: PageServer[] = []
afterAll(() => {
  for (const server of servers) server.close()
  rmSync(folder, { recursive: true })
})
for (const name of ['index.html', 'page.js', 'page.css', 'feed.js', 'THIRD-PARTY.txt'])
  writeFileSync(join(folder, name), '<head></head>')

async function serve(...given: Given[]): Promise<PageServer> {
  const server = await servePage(pathToFileURL(`${folder}/`), given, 0)
  servers.push(server)
  return server
}

const capture = (name: string, size: number): Given => {
  writeFileSync(join(folder, name), new Uint8Array(size))
  return { name, file: join(folder, name), size }
}

test('the entrance leads there once', async () => {
  const server = await serve()
  const { entrance } = server
  expect(server.entrance).not.toBe(entrance)
  const first = await fetch(entrance, { redirect: 'manual' })
  expect([first.status, new URL(first.headers.get('location')!, entrance).href]).toEqual([302, server.address])
  expect((await fetch(entrance, { redirect: 'manual' })).status).toBe(404)
})

// Arguments of programs are everybody's to read.
test.skipIf(process.platform !== 'linux' || process.getuid!() !== 0)(
  'nobody else can enter, and the user can still',
  async () => {
    const { entrance } = await serve()
    const nobody = 65_534
    const ask = `fetch(${JSON.stringify(entrance)}, { redirect: 'manual' }).then(({ status }) => console.log(status))`
    const asked = promisify(execFile)(process.execPath, ['-e', ask], { uid: nobody, gid: nobody, cwd: '/' })
    expect((await asked).stdout.trim()).toBe('404')
    expect((await fetch(entrance, { redirect: 'manual' })).status).toBe(302)
  },
)

const row = (local: string, remote: string, user: number): string =>
  `   0: ${local} ${remote} 01 00000000:00000000 00:00000000 00000000  ${user}        0 1 1 0 100 0 0 10 0`

test('whose a connection is stands in the tables of the kernel, by both of its ends', () => {
  const mapped = '0000000000000000FFFF0000'
  const tables = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    row('0100007F:1F90', '0100007F:C000', 7), // the server's own end
    row('0200000A:C000', '0300000A:1F90', 8), // the same ports on another network
    row('0100007F:C000', '0100007F:1F90', 1000),
    row(`${mapped}0100007F:C001`, `${mapped}0100007F:1F90`, 1001),
  ].join('\n')
  expect([0xc000, 0xc001, 0xc002].map((port) => userOf(tables, port, 0x1f90))).toEqual([1000, 1001, null])
})

test('a file that has become shorter is as long as it is now, one that is gone or no file is not there', async () => {
  const [short, gone, isFolder, isPipe] = ['short', 'gone', 'folder', 'pipe'].map((name) => capture(name, 4 << 20))
  const { address } = await serve(short!, gone!, isFolder!, isPipe!)
  truncateSync(short!.file, 5)
  expect((await (await fetch(`${address}captures/0`)).arrayBuffer()).byteLength).toBe(5)
  for (const { file } of [gone!, isFolder!, isPipe!]) unlinkSync(file)
  mkdirSync(isFolder!.file)
  if (process.platform !== 'win32') execFileSync('mkfifo', [isPipe!.file])
  for (const n of [1, 2, 3]) expect((await fetch(`${address}captures/${n}`)).status).toBe(404)
})

test('a file that becomes shorter while it is sent breaks off', async () => {
  const one = capture('shrinking', 64 << 20)
  const { address } = await serve(one)
  const { body } = await fetch(`${address}captures/0`)
  const reader = body!.getReader()
  await reader.read()
  truncateSync(one.file, 0)
  const rest = async (): Promise<void> => {
    while (!(await reader.read()).done);
  }
  await expect(rest()).rejects.toThrow('terminated')
})

test('junk, and requests for other servers, get nothing', async () => {
  const { address } = await serve(capture('secret', 100))
  const { port, host, pathname } = new URL(address)
  const answerTo = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.end(text))
      let answer = ''
      socket.on('data', (data: Buffer) => (answer += data.toString('latin1')))
      socket.on('close', () => resolve(answer))
      socket.on('error', reject)
    })
  const path = `${pathname}captures/0`
  for (const [text, status] of [
    [`GET ${path} HTTP/1.1\r\n\r\n`, 400], // no Host
    [`GET ${path} HTTP/1.0\r\n\r\n`, 421],
    [`GET ${path} HTTP/1.1\r\nHost: evil.example\r\nHost: ${host}\r\n\r\n`, 421],
    [`GET ${path} HTTP/1.1\r\nHost: LOCALHOST.:${port}\r\n\r\n`, 421],
    [`GET ${path} HTTP/1.1\r\nHost: [::ffff:127.0.0.1]:${port}\r\n\r\n`, 421],
    [`GET http://evil.example${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, 404],
    [`GET ${path.replace('captures', '%63aptures')} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, 404],
    [`GET ${path}\\..\\ HTTP/1.1\r\nHost: ${host}\r\n\r\n`, 404],
    [`CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, null],
    [`POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
    ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
  ] as const) {
    const answer = await answerTo(text)
    expect([text, answer === '' ? null : Number(answer.split(' ')[1])]).toEqual([text, status])
    expect(answer).not.toContain('\0')
  }
})
