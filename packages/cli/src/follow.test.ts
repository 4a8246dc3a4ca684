// `diagnose --follow` as its users meet it: behind a pipe that stays open, on a file that grows, interrupted.
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { appendFileSync, closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { network, request, response } from '@pcap-surgery/testkit'
import { afterAll, expect, test } from 'vitest'
import { COMMAND } from '../../../tools/command.ts'

const folder = mkdtempSync(join(tmpdir(), 'follow-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A failure, and so much later something else that nothing more of it can come. */
function capture(): Uint8Array {
  const net = network()
  const [client, proxy, app] = [
    net.host('client', '10.1.0.2'),
    net.host('proxy', '10.1.0.1'),
    net.host('app', '10.2.0.2'),
  ]
  const ask = (status: number): void => {
    const front = net.tcp(client, proxy, 80).handshake().send('>', request('GET /'))
    if (status === 502) net.tcp(proxy, app, 8080).syn().rst('<')
    else net.tcp(proxy, app, 8080).handshake().send('>', request('GET /')).send('<', response(200, 'well')).close('>')
    front.send('<', response(status, '')).close('>')
    net.wait(5)
  }
  for (const status of [200, 502, 200]) ask(status)
  return net.capture('proxy')
}

interface Followed {
  child: ChildProcessWithoutNullStreams
  /** Waits for so many lines. */
  lines: (count: number) => Promise<any[]>
  over: Promise<{ status: number | null; out: string; err: string }>
}

function follow(...args: string[]): Followed {
  const child = spawn(process.execPath, [COMMAND, 'diagnose', '--follow', ...args], { cwd: folder })
  const said = { out: '', err: '' }
  let wake: (() => void) | undefined
  child.stdout.on('data', (text: Buffer) => {
    said.out += text.toString()
    wake?.()
  })
  child.stderr.on('data', (text: Buffer) => (said.err += text.toString()))
  const over = new Promise<{ status: number | null; out: string; err: string }>((resolve) =>
    child.on('close', (status) => resolve({ status, ...said })),
  )
  const lines = async (count: number): Promise<any[]> => {
    while (said.out.split('\n').length <= count) await new Promise<void>((resolve) => (wake = resolve))
    return said.out
      .split('\n')
      .slice(0, count)
      .map((line) => JSON.parse(line))
  }
  return { child, lines, over }
}

test('an incident is told while the pipe is open, and the rest when it closes', async () => {
  const { child, lines, over } = follow('-', '--format', 'ndjson', '--exit-code')
  child.stdin.write(capture())
  expect(await lines(1)).toMatchObject([{ kind: 'incident', revision: 0, id: '1', cause: 'connect-refused' }])
  child.stdin.end()
  const { status, out, err } = await over
  expect({ status, err }).toEqual({ status: 1, err: '' })
  expect(JSON.parse(out.split('\n')[1]!)).toMatchObject({ kind: 'summary', healthy: { exchanges: 2 } })
})

test('a file that grows is followed until somebody interrupts', async () => {
  const bytes = capture()
  writeFileSync(join(folder, 'grows.pcap'), bytes.subarray(0, 1000))
  const { child, lines, over } = follow('grows.pcap', '--format', 'ndjson')
  appendFileSync(join(folder, 'grows.pcap'), bytes.subarray(1000))
  expect(await lines(1)).toMatchObject([{ cause: 'connect-refused' }])
  child.kill('SIGINT')
  const { status, out } = await over
  expect(status).toBe(0)
  expect(JSON.parse(out.split('\n')[1]!)).toMatchObject({ kind: 'summary', captures: [{ file: 'grows.pcap' }] })
})

test('of a pipe with a name, too, while whoever writes into it is silent', async () => {
  const pipe = join(folder, 'fifo')
  spawnSync('mkfifo', [pipe])
  const { child, lines, over } = follow('fifo', '--format', 'ndjson')
  const writer = openSync(pipe, 'r+')
  writeSync(writer, capture())
  expect(await lines(1)).toMatchObject([{ cause: 'connect-refused' }])
  child.kill('SIGINT')
  expect((await over).status).toBe(0)
  closeSync(writer)
})

test('a person reads the incident as it would stand in the answer', async () => {
  const { child, over } = follow('-')
  child.stdin.end(capture())
  const { out } = await over
  expect(out).toMatch(/^failed request 1\n502 {2}/)
  expect(out).toContain('1 failed request told, 2 exchanges went well.')
})

test('what it cannot do is refused', async () => {
  for (const [args, why] of [
    [['a.pcap', 'b.pcap'], /one capture at a time/],
    [['-', '--format', 'json'], /--format ndjson/],
    [['-', '--output', 'x'], /redirect/],
    [['missing.pcap'], /missing\.pcap: no such file/],
  ] as const) {
    const { child, over } = follow(...args)
    child.stdin.end()
    const { status, err } = await over
    expect(status).toBe(2)
    expect(err).toMatch(why)
  }
})
