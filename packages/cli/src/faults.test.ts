// What goes wrong around the command: pipes, folders, full disks, files that change, signals. A clear message, the right
// exit status, nothing half-written, and no name or comment of a stranger that reaches the terminal as it is.
import { spawn, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { gateway } from '@pcap-surgery/testkit'
import { afterAll, expect, test } from 'vitest'
import { COMMAND, ENVIRONMENT } from '../../../tools/command.ts'

const folder = mkdtempSync(join(tmpdir(), 'pcap-surgery-faults-'))
afterAll(() => rmSync(folder, { recursive: true }))

const place = (name: string): string => join(folder, name)

interface Ran {
  status: number | null
  signal: NodeJS.Signals | null
  out: string
  err: string
}

/** Runs a line of the shell with `$PS` for the command. */
function shell(line: string): Ran {
  const env = { ...ENVIRONMENT, PS: `${process.execPath} ${COMMAND}` }
  const { status, signal, stdout, stderr } = spawnSync('bash', ['-c', line], { cwd: folder, env, encoding: 'utf8' })
  return { status, signal, out: stdout, err: stderr }
}

const isLinux = process.platform === 'linux'

// An upstream that refuses the connection, and a proxy that says 502.
const refused = gateway({ attempts: [(upstream) => upstream.syn().rst('<')], answer: 502 })
writeFileSync(place('front.pcap'), refused.front)
writeFileSync(place('back.pcap'), refused.back)
mkdirSync(place('folder'))
writeFileSync(place('large.log'), '')
// Takes no room on the disk.
truncateSync(place('large.log'), 512 << 20)

const RECORD_HEADER = 16
const FILE_HEADER = 24

/** The first packets of a capture, and the others, as the files of a rotated one. */
function halves(bytes: Uint8Array): [Uint8Array, Uint8Array] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const first = FILE_HEADER + RECORD_HEADER + view.getUint32(FILE_HEADER + 8, true)
  const header = bytes.subarray(0, FILE_HEADER)
  return [bytes.slice(0, first), Buffer.concat([header, bytes.subarray(first)])]
}

test.skipIf(!isLinux)('a full disk: said, and no success', () => {
  const { status, err } = shell('$PS diagnose front.pcap back.pcap > /dev/full')
  expect({ status, err }).toEqual({ status: 2, err: 'pcap-surgery: standard output: no space left\n' })
})

test
  .skipIf(!isLinux)
  .each([
    ...['text', 'json', 'ndjson', 'html', 'markdown', 'har'].map((format) => `diagnose --format ${format} front.pcap`),
    'diagnose --follow - < front.pcap',
    'info front.pcap',
    'info --format json front.pcap',
    'schema',
    'capture-plan --proxy 10.0.0.1 --upstream 10.0.0.2',
    'convert front.pcap -o -',
    'merge front.pcap back.pcap -o -',
    'convert front.pcap --force -o whole.pcapng',
    'isolate front.pcap back.pcap --force -i 1 -o whole.pcapng',
  ])('a full disk: %s says that it is standard output', (command) => {
  const { status, err } = shell(`$PS ${command} > /dev/full`)
  expect({ status, err }).toEqual({ status: 2, err: 'pcap-surgery: standard output: no space left\n' })
})

test.skipIf(!isLinux)('a full disk ends what would go on', async () => {
  const full = openSync('/dev/full', 'w')
  const child = spawn(process.execPath, [COMMAND, 'diagnose', '--follow', '-'], { stdio: ['pipe', full, 'pipe'] })
  let err = ''
  child.stderr!.on('data', (text: Buffer) => (err += text.toString()))
  child.stdin!.write(refused.front)
  const status = await new Promise((resolve) => child.on('close', resolve))
  closeSync(full)
  expect({ status, err }).toEqual({ status: 2, err: 'pcap-surgery: standard output: no space left\n' })
})

test('a cut whose manifest finds no place is not there either', () => {
  const name = `${'n'.repeat(229)}.pcapng`
  const before = readdirSync(folder)
  const { status, err } = shell(`$PS isolate front.pcap back.pcap -i 1 -o ${name}`)
  expect(status).toBe(2)
  expect(err).toMatch(/^pcap-surgery: n+\.pcapng\.manifest\.json: /)
  expect(readdirSync(folder)).toEqual(before)
})

test.skipIf(process.getuid?.() === 0)(
  'a folder that may not be written in is refused before the captures are read',
  () => {
    mkdirSync(place('closed'), { mode: 0o500 })
    for (const command of ['diagnose none.pcap', 'isolate none.pcap -i 1', 'convert none.pcap']) {
      const { status, err } = shell(`$PS ${command} -o closed/out.pcapng`)
      expect({ status, err }).toEqual({ status: 2, err: 'pcap-surgery: --output closed/out.pcapng: no permission\n' })
    }
  },
)

test.each(['diagnose', 'info'])('%s behind a capture of itself: refused, and the capture is as it was', (command) => {
  writeFileSync(place('own.pcap'), refused.front)
  const { status, err } = shell(`$PS ${command} own.pcap >> own.pcap`)
  expect({ status, err }).toEqual({ status: 2, err: 'pcap-surgery: standard output is one of the captures\n' })
  expect(new Uint8Array(readFileSync(place('own.pcap')))).toEqual(refused.front)
})

test.skipIf(!isLinux).each(['isolate -i 1 -o big.pcapng', 'merge -o big.pcapng'])(
  '%s: a cut that finds no room is named, and nothing of it stays',
  (command) => {
    const { status, err, out } = shell(`(ulimit -f 1; $PS ${command} front.pcap back.pcap); s=$?; ls -A; exit $s`)
    expect({ status, err }).toEqual({ status: 2, err: 'pcap-surgery: big.pcapng: larger than a file may be\n' })
    expect(out).not.toContain('big')
  },
)

test('a reader that has seen enough is no error', () => {
  const { out, err } = shell('$PS diagnose --format json front.pcap back.pcap | head -c 1; echo ${PIPESTATUS[0]}')
  expect({ out, err }).toEqual({ out: '{0\n', err: '' })
})

test.each([
  ['a folder', 'folder', 'is a directory'],
  ['a device', '/dev/zero', 'is a device'],
  ['nothing', 'none.log', 'no such file'],
  ['more than a text may hold', 'large.log', 'is larger than 512 MiB'],
])('--keys: %s', (_, file, reason) => {
  for (const command of ['diagnose', 'isolate -i 1 -o cut.pcapng']) {
    const { status, err } = shell(`$PS ${command} front.pcap --keys ${file}`)
    expect({ status, err }).toEqual({ status: 2, err: `pcap-surgery: --keys ${file}: ${reason}\n` })
  }
})

test('captures from pipes: each is read once, and what it says is used', () => {
  const plain = shell('$PS diagnose --format json front.pcap back.pcap')
  const piped = shell('$PS diagnose --format json <(cat front.pcap) <(gzip < back.pcap)')
  expect({ status: piped.status, err: piped.err }).toEqual({ status: 0, err: '' })
  expect(JSON.parse(piped.out).incidents).toEqual(JSON.parse(plain.out).incidents)
})

test('a rotated capture from pipes is not read again, and not said to be empty', () => {
  const [first, rest] = halves(refused.front)
  writeFileSync(place('first.pcap'), first)
  writeFileSync(place('rest.pcap'), rest)
  const { status, out, err } = shell('$PS diagnose --format json <(cat first.pcap) <(cat rest.pcap)')
  expect({ status, err }).toEqual({ status: 0, err: '' })
  const { captures } = JSON.parse(out) as { captures: { frames: number; warnings: string[] }[] }
  expect(captures.map(({ frames }) => frames > 0)).toEqual([true, true])
  expect(captures.flatMap(({ warnings }) => warnings).join()).not.toContain('empty')
})

test('a cut of a pipe is refused at once: it would wait for ever', () => {
  const { status, err } = shell('mkfifo pipe; $PS isolate pipe front.pcap -i 1 -o cut.pcapng')
  expect({ status, err }).toEqual({
    status: 2,
    err: 'pcap-surgery: pipe: can be read only once, and a cut reads twice; save it first\n',
  })
})

test('a capture that grows in the midst of a packet: what is whole is used', () => {
  writeFileSync(place('growing.pcap'), refused.front.subarray(0, -7))
  const { status, out, err } = shell('$PS diagnose growing.pcap')
  expect(status).toBe(2)
  expect(err).toMatch(/^pcap-surgery: growing\.pcap: at byte \d+: the last packet is cut/)
  expect(out).toContain('growing.pcap')
})

test('a capture that changes while it is cut: nothing is written', async () => {
  writeFileSync(place('changing.pcap'), refused.front)
  const args = [COMMAND, 'isolate', 'changing.pcap', 'back.pcap', '-i', '1', '-o', 'changed.pcapng']
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  const timer = setInterval(() => appendFileSync(place('changing.pcap'), refused.front.subarray(FILE_HEADER)), 1)
  let err = ''
  child.stderr.on('data', (text: Buffer) => (err += text.toString()))
  const status = await new Promise((resolve) => child.on('close', resolve))
  clearInterval(timer)
  expect(status).toBe(2)
  expect(err).not.toContain('    at ')
  expect(existsSync(place('changed.pcapng'))).toBe(false)
})

test.each(['SIGINT', 'SIGTERM'] as const)('%s: ends by the signal, and leaves nothing behind', async (signal) => {
  shell(`rm -f waiting; mkfifo waiting`)
  const before = readdirSync(folder)
  const child = spawn(process.execPath, [COMMAND, 'diagnose', 'waiting', '-o', 'never.txt'], { cwd: folder })
  await sleep(700)
  child.kill(signal)
  const ended = await new Promise((resolve) => child.on('close', (status, by) => resolve(by ?? status)))
  expect([signal, signal === 'SIGINT' ? 130 : 143]).toContain(ended)
  expect(readdirSync(folder)).toEqual(before)
})

test.skipIf(!isLinux).each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s in the midst of writing: nothing half-written stays', async (signal, code) => {
  shell('rm -f waiting; mkfifo waiting')
  const before = readdirSync(folder)
  // Who writes into the pipe holds it open, and does not go on.
  const pipe = openSync(place('waiting'), 'r+')
  writeSync(pipe, refused.front)
  const child = spawn(process.execPath, [COMMAND, 'convert', 'waiting', '-o', 'never.pcapng'], { cwd: folder })
  const closed = new Promise((resolve) => child.on('close', (status, by) => resolve(by ?? status)))
  while (readdirSync(folder).length === before.length) await sleep(20)
  child.kill(signal)
  expect([signal, code]).toContain(await closed)
  closeSync(pipe)
  expect(readdirSync(folder)).toEqual(before)
})

test.skipIf(!isLinux).each(['SIGINT', 'SIGTERM', 'SIGHUP'])(
  '%s while an answer is written: nothing of it stays',
  (signal) => {
    const output = new URL('../dist/io/output.js', import.meta.url).href
    const script = `
    import { writeWhole } from '${output}'
    function* pieces() {
      yield 'first'
      process.kill(process.pid, '${signal}')
      for (let n = 0; n < 1000; n++) yield 'x'.repeat(1e5)
    }
    await writeWhole('answer.txt', pieces())`
    const before = readdirSync(folder)
    const ran = spawnSync(process.execPath, ['--input-type=module', '-e', script], { cwd: folder })
    expect(ran.signal).toBe(signal)
    expect(readdirSync(folder)).toEqual(before)
  },
)

/** ESC, a bell, a bidi override, markup. */
const EVIL = '\x1b[31m\x07\u202e<script>alert(1)</script>'

/** Little-endian words, and a pcapng block of them. */
const words = (...values: number[]): Buffer => Buffer.from(Uint32Array.from(values).buffer)
function block(type: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  const length = body.length + 12 + (-body.length & 3)
  return Buffer.concat([words(type, length), body, Buffer.alloc(-body.length & 3), words(length)])
}
function option(code: number, text: string): Buffer {
  const value = Buffer.from(text)
  return Buffer.concat([words(code | (value.length << 16)), value, Buffer.alloc(-value.length & 3)])
}

test('names and comments of strangers: no control byte comes out, no file is named after them', () => {
  // Section with a comment; interfaces called like an escape sequence, and like a source that is a path.
  const section = block(0x0a0d0d0a, words(0x1a2b3c4d, 1, 0xffff_ffff, 0xffff_ffff), option(1, EVIL))
  const names = [EVIL, `client (../../../tmp/evil, ${EVIL})`, 'proxy-front (/etc/passwd)']
  const interfaces = names.map((name) => block(1, words(1, 0), option(2, name)))
  const view = new DataView(refused.front.buffer, refused.front.byteOffset)
  const packets: Buffer[] = []
  for (let at = FILE_HEADER, i = 0; at < refused.front.length; i++) {
    const length = view.getUint32(at + 8, true)
    const data = Buffer.from(refused.front.subarray(at + RECORD_HEADER, at + RECORD_HEADER + length))
    // The host that was asked for is another, as long as it was.
    const host = data.indexOf('Host: ')
    if (host >= 0) data.write('\x1b]0;x\x07', host + 6, 'latin1')
    packets.push(block(6, words(i % 3, 0, i, length, length), data, Buffer.alloc(-length & 3)))
    at += RECORD_HEADER + length
  }
  writeFileSync(place('evil.pcapng'), Buffer.concat([section, ...interfaces, ...packets]))
  writeFileSync(place('evil.pcapng.gz'), gzipSync(Buffer.concat([section, ...interfaces, ...packets])))
  const before = readdirSync(folder)
  const lines = ['diagnose evil.pcapng --all --checklist', 'diagnose evil.pcapng.gz back.pcap', 'info evil.pcapng']
  for (const line of [...lines, 'isolate evil.pcapng -i 1 -o /dev/null', `diagnose '${EVIL}'`]) {
    const { out, err } = shell(`$PS ${line}`)
    // oxlint-disable-next-line no-control-regex -- control bytes are the subject
    expect(out + err).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]/)
    expect(err).not.toContain('    at ')
  }
  expect(readdirSync(folder)).toEqual(before)
})
