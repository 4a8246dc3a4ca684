// The command as its users meet it: started as a program, judged by what it prints and how it exits.
import { spawn } from 'node:child_process'
import { mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { gateway } from '@pcap-surgery/testkit'
import { afterAll, expect, test } from 'vitest'
import { COMMAND, type Ran, runCommand } from '../../../tools/command.ts'

const folder = mkdtempSync(join(tmpdir(), 'pcap-surgery-'))
afterAll(() => rmSync(folder, { recursive: true }))

const run = (args: string[], stdin?: Uint8Array): Promise<Ran> => runCommand(folder, args, { ...(stdin && { stdin }) })

const CASE = fileURLToPath(new URL('../../../cases/nginx-h2-tls-front-keys/', import.meta.url))
/** Both legs of a failure in TLS, whose secrets are in keys.log. */
const IN_TLS = [`${CASE}proxy-front.pcap`, `${CASE}proxy-back.pcap`]

const file = (name: string, content: Uint8Array | string): string => {
  writeFileSync(join(folder, name), content)
  return name
}

// pcap file header: little-endian microseconds, version 2.4, snap length 262144, Ethernet
const HEADER = Buffer.from('d4c3b2a1' + '02000400' + '00000000' + '00000000' + '00000400' + '01000000', 'hex')
// packet record: 2026-11-22 08:57:21.000001 UTC, 14 bytes captured of 14: an Ethernet frame of an unknown type
const RECORD = Buffer.from(
  '715c036b' + '01000000' + '0e000000' + '0e000000' + '020000000001' + '020000000002' + '88b5',
  'hex',
)
const CAPTURE = Buffer.concat([HEADER, RECORD, RECORD])
const CUT = CAPTURE.subarray(0, CAPTURE.length - 5)

file('quiet.pcap', CAPTURE)

// An upstream that refuses the connection, and a proxy that says 502.
const refused = gateway({ attempts: [(upstream) => upstream.syn().rst('<')], answer: 502 })
file('front.pcap', refused.front)
file('back.pcap', refused.back)

test('the cause comes first, and whose it is', async () => {
  const { status, out, err } = await run(['diagnose', 'front.pcap', 'back.pcap', '--checklist'])
  expect({ status, err }).toEqual({ status: 0, err: '' })
  expect(out).toMatch(/^502 {2}\S.* — the upstream’s \(certain\) {2}\[connect-refused\]\n {5}GET \S+\/report\n/)
  expect(out).toMatch(/back\.pcap #\d+/)
  for (let step = 1; step <= 10; step++) {
    expect(out).toMatch(new RegExp(`^ {4}${String(step).padStart(2)} (pass|FAIL|\\?|-) +\\S`, 'm'))
  }
})

test('the same as JSON', async () => {
  const { status, out } = await run(['diagnose', '--format', 'json', 'back.pcap', 'front.pcap'])
  expect(status).toBe(0)
  expect(JSON.parse(out)).toMatchObject({
    schema: 'pcap-surgery/diagnosis@1',
    incidents: [{ status: 502, path: '/report', cause: 'connect-refused', domain: 'upstream', confidence: 'certain' }],
  })
})

test('a report of one file, and one for a ticket', async () => {
  const { status, out, err } = await run(['diagnose', 'front.pcap', 'back.pcap', '--format', 'html'])
  expect({ status, err }).toEqual({ status: 0, err: '' })
  expect(out).toMatch(/^<!doctype html>[\s\S]*Connection refused[\s\S]*<svg[\s\S]*<\/html>\n$/)
  const ticket = await run(['diagnose', 'front.pcap', 'back.pcap', '--format', 'markdown'])
  expect(ticket.out).toMatch(/^# 502: Connection refused, the upstream’s \(certain\)\n/)
})

test('all exchanges as an HTTP Archive, the same on standard output and in a file', async () => {
  const args = ['diagnose', 'front.pcap', 'back.pcap', '--format', 'har']
  const { status, out, err } = await run(args)
  expect({ status, err }).toEqual({ status: 0, err: '' })
  expect(JSON.parse(out)).toMatchObject({
    log: { version: '1.2', entries: [{ response: { status: 502 }, _leg: 'client', _cause: 'connect-refused' }] },
  })
  expect(await run([...args, '--output', 'exchanges.har'])).toMatchObject({ status: 0, out: '', err: '' })
  expect(readFileSync(join(folder, 'exchanges.har'), 'utf8')).toBe(out)
})

test.each([
  ['an incident', ['front.pcap', 'back.pcap'], 1],
  ['none', ['quiet.pcap'], 0],
  ['an incident, and an input that cannot be read', ['front.pcap', 'back.pcap', 'none.pcap'], 2],
])('--exit-code: %s', async (_, captures, status) => {
  expect((await run(['diagnose', '--exit-code', ...captures])).status).toBe(status)
})

test('--help shows examples and exit statuses', async () => {
  const { status, out } = await run(['diagnose', '--help'])
  expect(status).toBe(0)
  expect(out).toContain('pcap-surgery diagnose front.pcapng back.pcapng.gz')
  expect(out).toMatch(/2 {2}wrong use/)
})

test('--version', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  expect(await run(['--version'])).toMatchObject({ status: 0, out: `${version}\n`, err: '' })
})

test('--keys: what TLS hides can be told', async () => {
  const [without, withKeys] = [
    await run(['diagnose', ...IN_TLS]),
    await run(['diagnose', '-k', `${CASE}keys.log`, ...IN_TLS]),
  ]
  expect(withKeys).toMatchObject({ status: 0, err: '' })
  expect(withKeys.out).toMatch(/^502 .*\[reset-before-response\]\n {5}GET shop\.example\/api\/orders\/17\n/)
  expect(without).toMatchObject({ status: 0, err: '' })
  expect(without.out).not.toContain('GET shop.example')
})

test('--keys, repeated: the secrets may lie in any of the files', async () => {
  const lines = readFileSync(`${CASE}keys.log`, 'utf8').trimEnd().split('\n')
  const files = lines.map((line, i) => file(`keys-${i}.log`, `${line}\n`))
  const { out, err } = await run(['diagnose', ...IN_TLS, ...files.flatMap((log) => ['--keys', log])])
  expect(err).toBe('')
  expect(out).toMatch(/^502 /)
})

test.each(['text', 'json'])('--keys: no secret comes out as %s', async (format) => {
  const log = readFileSync(`${CASE}keys.log`, 'utf8').replaceAll('CLIENT_RANDOM', 'RSA')
  const keys = ['-k', `${CASE}keys.log`, '-k', file('odd.log', `${log}CLIENT_RANDOM ${log}`)]
  const { out, err } = await run(['diagnose', '--format', format, '--checklist', ...keys, ...IN_TLS])
  const secrets = log.split(/\s+/).filter((word) => word.length > 32)
  expect(secrets.length).toBeGreaterThan(3)
  expect(secrets.filter((secret) => (out + err).includes(secret.slice(0, 16)))).toEqual([])
})

test('--keys that open nothing: the user is told, and the answer is the one without', async () => {
  const other = `CLIENT_RANDOM ${'0f'.repeat(32)} ${'ee'.repeat(48)}\n`
  const { status, out, err } = await run(['diagnose', '--keys', file('other.log', other), ...IN_TLS])
  expect({ status, err }).toEqual({
    status: 0,
    err: 'pcap-surgery: --keys: no TLS session of the captures has its secrets there\n',
  })
  expect(out).toBe((await run(['diagnose', ...IN_TLS])).out)
})

test('--keys with lines that are none: their number is told, their text is not', async () => {
  const log = `hunter2\n${readFileSync(`${CASE}keys.log`, 'utf8')}CLIENT_RANDOM 00 hunter2\n`
  const { status, out, err } = await run(['diagnose', '--keys', file('torn.log', log), ...IN_TLS])
  expect({ status, err }).toEqual({
    status: 0,
    err: 'pcap-surgery: torn.log: lines that are no key log lines: 2, the first is line 1\n',
  })
  expect(out).toMatch(/^502 /)
})

test.each([
  ['no command', []],
  ['no capture', ['diagnose']],
  ['an unknown option', ['diagnose', '--colour', 'quiet.pcap']],
  ['an unknown format', ['diagnose', '--format', 'yaml', 'quiet.pcap']],
  ['secrets asked for where there are none', ['diagnose', '--show-secrets', 'quiet.pcap']],
  ['a report that never ends', ['diagnose', '--follow', '--format', 'html', 'quiet.pcap']],
  ['an archive that never ends', ['diagnose', '--follow', '--format', 'har', 'quiet.pcap']],
  ['a hint that names no vantage', ['diagnose', '--vantage', 'quiet.pcap=middle', 'quiet.pcap']],
  ['a hint for a file that is no capture', ['diagnose', '--vantage', 'other.pcap=client', 'quiet.pcap']],
  ['keys that cannot be read', ['diagnose', '--keys', 'none.log', 'quiet.pcap']],
  ['an output that is one of the captures', ['diagnose', '--output', './quiet.pcap', 'quiet.pcap']],
  ['an output that is a folder', ['diagnose', '--output', '.', 'quiet.pcap']],
  ['an output in no folder', ['diagnose', '--output', 'none/out.json', 'quiet.pcap']],
])('wrong use exits with 2: %s', async (_, args) => {
  const { status, out, err } = await run(args)
  expect({ status, out }).toEqual({ status: 2, out: '' })
  expect(err).not.toBe('')
  expect(err).not.toContain('    at ') // a stack is no message
})

test('a capture without HTTP, as text', async () => {
  const { status, out, err } = await run(['diagnose', 'quiet.pcap'])
  expect({ status, err }).toEqual({ status: 0, err: '' })
  expect(out).toContain('No gateway failure found')
  expect(out).toContain('quiet.pcap: pcap, 2 frames')
})

test('the same capture from standard input, compressed, as JSON', async () => {
  const { status, out, err } = await run(['diagnose', '-', '--format', 'json'], gzipSync(CAPTURE))
  expect({ status, err }).toEqual({ status: 0, err: '' })
  expect(JSON.parse(out)).toMatchObject({
    schema: 'pcap-surgery/diagnosis@1',
    captures: [{ file: '-', format: 'pcap', frames: 2 }],
    incidents: [],
  })
})

test('a file that is not there: the others are diagnosed all the same', async () => {
  const { status, out, err } = await run(['diagnose', 'none.pcap', 'quiet.pcap'])
  expect({ status, err }).toEqual({ status: 2, err: 'pcap-surgery: none.pcap: no such file\n' })
  expect(out).toContain('quiet.pcap: pcap, 2 frames')
})

test('nothing but a folder', async () => {
  mkdirSync(join(folder, 'captures'), { recursive: true })
  expect(await run(['diagnose', 'captures'])).toMatchObject({
    status: 2,
    out: '',
    err: 'pcap-surgery: captures: is a directory; name the captures in it\n',
  })
})

test('a cut file: where, and what was used', async () => {
  const { status, out, err } = await run(['diagnose', file('cut.pcap', CUT)])
  expect(status).toBe(2)
  expect(err).toMatch(/^pcap-surgery: cut\.pcap: at byte \d+: .+ \(the frame before it was used\)\n$/)
  expect(out).toContain('cut.pcap: pcap, 1 frame')
})

test('a cut gzip file: what it holds is used', async () => {
  const { status, out, err } = await run(['diagnose', file('cut.pcap.gz', gzipSync(CAPTURE).subarray(0, -4))])
  expect(status).toBe(2)
  expect(err).toMatch(/^pcap-surgery: cut\.pcap\.gz: at byte \d+: .*unexpected end of file/)
  expect(out).toContain('cut.pcap.gz: pcap, 2 frames')
})

test('a capture named twice is read once', async () => {
  symlinkSync('quiet.pcap', join(folder, 'link.pcap'))
  const { status, out, err } = await run(['diagnose', 'quiet.pcap', 'link.pcap', './quiet.pcap', '--format', 'json'])
  expect(status).toBe(0)
  expect(err).toBe(
    'pcap-surgery: link.pcap: given twice, read once\npcap-surgery: ./quiet.pcap: given twice, read once\n',
  )
  expect(JSON.parse(out).captures).toHaveLength(1)
})

test('--output replaces a file as a whole and leaves nothing beside it', async () => {
  mkdirSync(join(folder, 'out'))
  file('out/answer.json', 'before')
  const { status, out } = await run(['diagnose', 'quiet.pcap', '--format', 'json', '--output', 'out/answer.json'])
  expect({ status, out }).toEqual({ status: 0, out: '' })
  expect(readdirSync(join(folder, 'out'))).toEqual(['answer.json'])
  expect(JSON.parse(readFileSync(join(folder, 'out/answer.json'), 'utf8')).captures).toHaveLength(1)
})

test('a file name cannot steer the terminal', async () => {
  const { out, err } = await run(['diagnose', file('\x1b[31m.pcap', CUT)])
  // oxlint-disable-next-line no-control-regex -- control bytes are the subject
  expect(out + err).not.toMatch(/[\x00-\x09\x0b-\x1f]/)
  expect(err).toContain('\\x1b[31m.pcap')
})

test('a reader that stops early is no error', async () => {
  const child = spawn(process.execPath, [COMMAND, 'schema'], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  let err = ''
  child.stderr.on('data', (text: Buffer) => (err += text.toString()))
  const status = await new Promise((resolve) => child.on('close', resolve))
  expect({ status, err }).toEqual({ status: 0, err: '' })
})

test('schema prints the published schema', async () => {
  const published = new URL('../../core/schema/diagnosis-1.schema.json', import.meta.url)
  expect((await run(['schema'])).out).toBe(readFileSync(published, 'utf8'))
})
