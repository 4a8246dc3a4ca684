// `isolate` as its users meet it: the cut is read by diagnose, and by Wireshark's tools where they are installed.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { gateway, network, request, response } from '@pcap-surgery/testkit'
import { afterAll, describe, expect, test } from 'vitest'
import { type Ran, runCommand } from '../../../tools/command.ts'

const installed = spawnSync('tshark', ['-v']).status === 0
if (!installed) console.warn('SKIPPED: tshark is not installed, nobody else reads the cuts')

const folder = mkdtempSync(join(tmpdir(), 'isolate-'))
afterAll(() => rmSync(folder, { recursive: true }))

const run = (...args: string[]): Promise<Ran> => runCommand(folder, args)

const file = (name: string, content: Uint8Array | string): string => {
  writeFileSync(join(folder, name), content)
  return name
}
const bytesOf = (name: string): Buffer => readFileSync(join(folder, name))
const json = (name: string): any => JSON.parse(bytesOf(name).toString())
const sha256 = (name: string): string => createHash('sha256').update(bytesOf(name)).digest('hex')

const refused = gateway({ attempts: [(upstream) => upstream.syn().rst('<')], answer: 502 })
file('front.pcap', refused.front)
file('back.pcap', refused.back)
file('back.pcap.gz', gzipSync(refused.back))

// A conversation of two other hosts before the failure, which is none of its business.
const net = network()
const [a, b] = [net.host('proxy-front', '10.9.0.1'), net.host('other', '10.9.0.2')]
net
  .tcp(a, b, 5432, { isn: [7777, 8888] })
  .handshake()
  .send('>', 'SELECT 1')
  .send('<', '1')
  .close('>')
file('busy.pcap', net.capture('proxy-front'))

async function verdict(...files: string[]): Promise<string> {
  const { out } = await run('diagnose', '--format', 'json', ...files)
  const { incidents } = JSON.parse(out)
  return incidents.map((one: any) => `${one.id} ${one.status} ${one.cause} ${one.confidence} ${one.upstream}`).join()
}

test('an incident out of two captures: diagnosed again it says the same', async () => {
  const { status, out, err } = await run(
    'isolate',
    'front.pcap',
    'back.pcap.gz',
    'busy.pcap',
    '-i',
    '1',
    '-o',
    'cut.pcapng',
  )
  expect({ status, err }).toEqual({ status: 0, err: '' })
  expect(out).toMatch(/^cut\.pcapng: \d+ of \d+ frames, \d+ bytes\ndiagnosed again: connect-refused \(certain\), as in/)
  expect(await verdict('cut.pcapng')).toBe(await verdict('front.pcap', 'back.pcap'))
})

test('the manifest says what came of what', async () => {
  await run('isolate', 'front.pcap', 'back.pcap', 'busy.pcap', '-i', '1', '-o', 'told.pcapng')
  const { inputs, outputs, verdict: said, proof, dropped } = json('told.pcapng.manifest.json')
  expect(inputs.map((one: any) => one.sha256)).toEqual(['front.pcap', 'back.pcap', 'busy.pcap'].map(sha256))
  expect(outputs).toMatchObject([{ file: 'told.pcapng', sha256: sha256('told.pcapng'), format: 'pcapng' }])
  expect(said).toMatchObject({ incident: '1', cause: 'connect-refused', confidence: 'certain' })
  expect(proof).toMatchObject({ agrees: true, cause: 'connect-refused', confidence: 'certain' })
  expect(inputs[2].framesWritten).toBe(0)
  expect(dropped.frames).toBe(inputs.reduce((sum: number, one: any) => sum + one.frames, 0) - outputs[0].frames)
})

test('what exists is kept, and replaced with --force; sources are never', async () => {
  file('there.pcapng', 'mine')
  const args = ['isolate', 'front.pcap', 'back.pcap', '-i', '1', '-o']
  expect(await run(...args, 'there.pcapng')).toMatchObject({ status: 2, err: expect.stringContaining('--force') })
  expect(bytesOf('there.pcapng').toString()).toBe('mine')
  expect(await run(...args, 'there.pcapng', '--force')).toMatchObject({ status: 0 })
  const before = sha256('front.pcap')
  expect(await run(...args, 'front.pcap', '--force')).toMatchObject({
    status: 2,
    err: expect.stringContaining('captures'),
  })
  expect(sha256('front.pcap')).toBe(before)
})

test.each([
  ['no such incident', ['-i', '7', '-o', 'no.pcapng'], 'there is no incident 7; there are 1'],
  ['nothing said', ['-o', 'no.pcapng'], 'say what to cut'],
  ['both ways', ['-i', '1', '--frames', '1', '-o', 'no.pcapng'], 'do not go together'],
  ['a malformed filter', ['--filter', 'tcp prot 80', '-o', 'no.pcapng'], 'At character 5'],
  ['no frame', ['--filter', 'port 9', '-o', 'no.pcapng'], 'no frame meets'],
  ['frames of another capture', ['--frames', 'x=1', '-o', 'no.pcapng'], 'is not one of the captures'],
  ['a time that is none', ['--time', 'noon..', '-o', 'no.pcapng'], 'is no time'],
])('%s: says so, and leaves nothing', async (_, args, said) => {
  const { status, err } = await run('isolate', 'front.pcap', 'back.pcap', ...args)
  expect({ status, err }).toEqual({ status: 2, err: expect.stringContaining(said) })
  expect(readdirSync(folder).filter((name) => name.startsWith('no.') || name.startsWith('.'))).toEqual([])
})

test('a cut of a cut is the same cut', async () => {
  await run('isolate', 'front.pcap', 'back.pcap', '-i', '1', '-o', 'first.pcapng')
  expect(await run('isolate', 'first.pcapng', '-i', '1', '-o', 'second.pcapng')).toMatchObject({ status: 0, err: '' })
  expect(json('second.pcapng.manifest.json').dropped.frames).toBe(0)
  expect(await verdict('second.pcapng')).toBe(await verdict('first.pcapng'))
})

test('pcap: of several captures too, where it proves itself, and what is lost is said', async () => {
  const { status, err } = await run('isolate', 'front.pcap', 'back.pcap', '-i', '1', '-o', 'both.pcap')
  expect({ status, err }).toEqual({
    status: 0,
    err: expect.stringMatching(/^pcap-surgery: both\.pcap: lost: .*names of/),
  })
  expect(await verdict('both.pcap')).toMatch(/ 502 connect-refused certain /)
  const raw = Buffer.from(refused.back)
  raw.writeUInt32LE(101, 20) // its link type
  file('raw.pcap', raw)
  const mixed = await run('isolate', 'front.pcap', 'raw.pcap', '--frames', '1', '-o', 'mixed.pcap')
  expect(mixed).toMatchObject({ status: 2, err: expect.stringContaining('one link type') })
})

test('--split: each leg by itself, and both together say the same', async () => {
  const { status } = await run('isolate', 'front.pcap', 'back.pcap', '-i', '1', '--split', '-o', 'legs.pcapng')
  expect(status).toBe(0)
  expect(await verdict('legs-client.pcapng', 'legs-upstream.pcapng')).toBe(await verdict('front.pcap', 'back.pcap'))
  expect(existsSync(join(folder, 'legs.pcapng'))).toBe(false)
})

test('--snap headers leaves no payload, and the proof is of the frames', async () => {
  const { out } = await run('isolate', 'front.pcap', 'back.pcap', '-i', '1', '--snap', 'headers', '-o', 'bare.pcapng')
  expect(out).toMatch(
    /before the packets were cut off: connect-refused \(certain\), .*; cut off, it does not show it\n/,
  )
  expect(json('bare.pcapng.manifest.json').proof).toMatchObject({ agrees: true, cutOff: { agrees: false } })
  expect(bytesOf('front.pcap').includes('/report')).toBe(true)
  expect(bytesOf('bare.pcapng').subarray(600).includes('GET /report')).toBe(false)
})

test('--snap that leaves what decides: the proof is of what is written', async () => {
  const { out } = await run('isolate', 'front.pcap', 'back.pcap', '-i', '1', '--snap', '400', '-o', 'snapped.pcapng')
  expect(out).toContain('\ndiagnosed again: connect-refused (certain), as in the captures')
  expect(json('snapped.pcapng.manifest.json').proof.cutOff).toMatchObject({ agrees: true, cause: 'connect-refused' })
})

const cutByHand = async (...args: string[]): Promise<number> => {
  const { status, err } = await run('isolate', 'front.pcap', 'busy.pcap', ...args, '-o', 'hand.pcapng', '--force')
  expect({ status, err }).toEqual({ status: 0, err: '' })
  return json('hand.pcapng.manifest.json').outputs[0].frames
}

describe('by hand', () => {
  test('frames, of all captures or of one', async () => {
    expect(await cutByHand('--frames', '1-2,4')).toBe(6)
    expect(await cutByHand('--frames', 'front.pcap=1-2', '--frames', 'busy.pcap=1')).toBe(3)
  })

  test('the first frames of a large capture: how many it has is told, and that it is whole', async () => {
    // Many times what is read at once.
    const packets = refused.front.subarray(24)
    file('long.pcap', Buffer.concat([refused.front, ...Array.from({ length: 1999 }, () => packets)]))
    const { status, out, err } = await run('isolate', 'long.pcap', '--frames', '1-3', '-o', 'beginning.pcapng')
    expect({ status, err }).toEqual({ status: 0, err: '' })
    const [{ frames }] = JSON.parse((await run('info', '-f', 'json', 'long.pcap')).out).captures
    expect(out).toContain(`beginning.pcapng: 3 of ${frames} frames`)
    expect(json('beginning.pcapng.manifest.json').inputs[0].frames).toBe(frames)
  })

  test('a filter, a connection, and both', async () => {
    const busy = await cutByHand('--filter', 'tcp port 5432 and host 10.9.0.1')
    expect(busy).toBeGreaterThan(5)
    expect(await cutByHand('--connection', '10.9.0.2:5432')).toBe(busy)
    expect(await cutByHand('--connection', '10.9.0.2:5432', '--filter', 'src port 5432')).toBeLessThan(busy)
  })

  test.skipIf(!installed)('times, to the nanosecond', async () => {
    const [first, second] = tshark('front.pcap', 'frame.time_epoch')
    expect(await cutByHand('--frames', 'front.pcap=1-1000', '--time', `${first}..${first}`)).toBeGreaterThan(0)
    expect(tshark('hand.pcapng', 'frame.time_epoch')[0]).toBe(first)
    expect(await cutByHand('--frames', 'front.pcap=1-2', '--time', `${second}..`)).toBe(first === second ? 2 : 1)
  })
})

function tshark(name: string, ...fields: string[]): string[] {
  const args = ['-r', join(folder, name), '-n', '-T', 'fields', ...fields.flatMap((field) => ['-e', field])]
  const out = execFileSync('tshark', args, { encoding: 'utf8', stdio: 'pipe' })
  return out.split('\n').filter((line) => line !== '')
}

describe.skipIf(!installed)('tshark reads the cut', () => {
  test('times and bytes of the sources, names of the vantages, comments on what decides', async () => {
    await run('isolate', 'front.pcap', 'back.pcap', '-i', '1', '-o', 'shown.pcapng')
    const sources = new Set(
      ['front.pcap', 'back.pcap'].flatMap((name) => tshark(name, 'frame.time_epoch', 'tcp.seq_raw')),
    )
    const shown = tshark('shown.pcapng', 'frame.time_epoch', 'tcp.seq_raw')
    expect(shown.every((line) => sources.has(line))).toBe(true)
    expect(new Set(tshark('shown.pcapng', 'frame.interface_name'))).toEqual(
      new Set(['proxy-front (front.pcap)', 'proxy-back (back.pcap)']),
    )
    expect(tshark('shown.pcapng', 'frame.comment').join('\n')).toContain('connect-refused: ')
  })
})

describe('anonymised', () => {
  const NAMES = ['10.0.0.', '10.1.0.', 'front.pcap', 'back.pcap', 'app.example', 'SELECT']
  const ADDRESSES = ['10.0.0.1', '10.0.0.2', '10.1.0.1', '10.1.0.2'].map((one) =>
    String.fromCharCode(...one.split('.').map(Number)),
  )

  test('the cut says the same of others, in a file that names nobody', async () => {
    const args = ['front.pcap', 'back.pcap', '-i', '1', '--anonymise']
    const { status, out, err } = await run('isolate', ...args, '-o', 'hidden.pcapng', '--mapping', 'mapping.json')
    expect({ status, err }).toEqual({ status: 0, err: '' })
    expect(out).toContain('connect-refused (certain), as in the captures')
    expect(await verdict('hidden.pcapng')).toMatch(/^1 502 connect-refused certain 10\.\d+\.\d+\.\d+:\d+$/)
    const written = ['hidden.pcapng', 'hidden.pcapng.manifest.json']
      .map((name) => bytesOf(name).toString('latin1'))
      .join('')
    const left = NAMES.filter((name) => written.includes(name))
    expect(left).toEqual([])
    expect(ADDRESSES.filter((address) => written.includes(address))).toEqual([])
    expect(statSync(join(folder, 'mapping.json')).mode & 0o777).toBe(process.platform === 'win32' ? 0o666 : 0o600)
    const { addresses } = json('mapping.json')
    expect(Object.keys(addresses)).toContain('10.1.0.1')
    expect(await verdict('hidden.pcapng')).toContain(addresses['10.1.0.2'])
  })

  test('a key of one’s own gives the same pseudonyms again', async () => {
    file('anonymise.key', 'sixteen bytes and more')
    for (const name of ['one.pcapng', 'two.pcapng']) {
      const args = ['--anonymise', '--anonymise-key', 'anonymise.key', '-o', name]
      expect(await run('isolate', 'front.pcap', 'back.pcap', '-i', '1', ...args)).toMatchObject({ status: 0 })
    }
    expect(sha256('one.pcapng')).toBe(sha256('two.pcapng'))
  })

  test('by hand, and cut off', async () => {
    const args = ['--filter', 'port 5432', '--anonymise', '-o', 'redacted.pcapng', '--snap', 'headers']
    expect(await run('isolate', 'busy.pcap', ...args)).toMatchObject({ status: 0 })
    const all = bytesOf('redacted.pcapng')
    expect([all.includes('SELECT'), all.includes('busy'), all.includes('10.9.')]).toEqual([false, false, false])
    expect(json('redacted.pcapng.manifest.json')).toMatchObject({ anonymised: true, verdict: null })
  })

  test.each([
    [['--anonymise', '--secrets'], '--anonymise and --secrets do not go together'],
    [['--mapping', 'm.json'], '--mapping needs --anonymise'],
    [['--anonymise', '--anonymise-key', 'short.key'], 'has less than 16 bytes'],
    [['--anonymise', '--anonymise-key', 'nowhere.key'], 'no such file'],
    [['--anonymise', '--anonymise-key', '.'], 'is a directory'],
    [['--anonymise', '--mapping', 'never.pcapng'], 'is written already'],
    [['--anonymise', '--mapping', 'never.pcapng.manifest.json'], 'is written already'],
    [['--anonymise', '--anonymise-key', 'own.key', '--mapping', 'own.key', '--force'], 'is one of the keys'],
  ])('%j is refused', async (options, said) => {
    file('short.key', 'short')
    file('own.key', 'sixteen bytes and more')
    const { status, err } = await run('isolate', 'front.pcap', '-i', '1', '-o', 'never.pcapng', ...options)
    expect({ status, err }).toEqual({ status: 2, err: expect.stringContaining(said) })
    expect(existsSync(join(folder, 'never.pcapng'))).toBe(false)
  })
})

test('secrets go in when asked for, and only those of the connections inside', async () => {
  const cases = fileURLToPath(new URL('../../../cases/', import.meta.url))
  const name = readdirSync(cases).find((one) => existsSync(join(cases, one, 'keys.log')))
  if (name === undefined) throw new Error('no case has a key log')
  const from = join(cases, name)
  const captures = readdirSync(from).filter((one) => /\.pcap(ng)?$/.test(one))
  const paths = captures.map((one) => join(from, one))
  const strange = `CLIENT_RANDOM ${'ab'.repeat(32)} ${'cd'.repeat(48)}\n`
  const keys = file('all.log', readFileSync(join(from, 'keys.log'), 'utf8') + strange)
  const args = ['isolate', ...paths, '-i', '1', '--keys', keys]
  expect(await run(...args, '-o', 'sealed.pcapng')).toMatchObject({ status: 0 })
  expect(await run(...args, '--secrets', '-o', 'open.pcapng')).toMatchObject({ status: 0 })
  expect(json('sealed.pcapng.manifest.json').secrets.sessions).toBe(0)
  expect(json('open.pcapng.manifest.json').secrets.sessions).toBeGreaterThan(0)
  expect(bytesOf('sealed.pcapng').includes('TRAFFIC_SECRET')).toBe(false)
  expect(bytesOf('open.pcapng').includes('ab'.repeat(32))).toBe(false)
  expect(await verdict('open.pcapng')).toBe(await verdict('--keys', keys, ...paths))
})

test('of a long pooled connection, what is kept begins with the exchange before', async () => {
  const pooled = network()
  const [proxy, app] = [pooled.host('proxy-back', '10.1.0.1'), pooled.host('upstream', '10.1.0.2')]
  const leg = pooled.tcp(proxy, app, 8080).handshake()
  const forwarded = { 'X-Forwarded-For': '10.0.0.9' }
  for (let i = 0; i < 700; i++) {
    const idle = i === 698 ? 2 : 1 // how long the connection can be idle is of interest: shown near the end
    leg
      .send('>', request(`GET /early/${i}`, forwarded))
      .send('<', response(200, 'x'))
      .wait(idle)
  }
  leg.send('>', request('GET /late', forwarded)).wait(0.01).rst('<')
  file('pooled.pcap', pooled.capture('proxy-back'))
  const { status, out } = await run('isolate', 'pooled.pcap', '-i', '1', '-o', 'late.pcapng')
  expect(status).toBe(0)
  expect(out).toMatch(/^late\.pcapng: \d\d? of /)
  const cut = bytesOf('late.pcapng')
  expect(cut.includes('/early/699')).toBe(true)
  expect(cut.includes('/early/697')).toBe(false)
  expect(cut.toString('latin1')).toMatch(/this connection was first opened \(MSS 1460 and 1460\) \d+\.\d{3} s before/)
})
