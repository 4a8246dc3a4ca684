// merge, trim, shift, convert, repair and info as their users meet them.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { linkSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { gateway } from '@pcap-surgery/testkit'
import { afterAll, describe, expect, test } from 'vitest'
import { type Ran, runCommand, type Streams } from '../../../tools/command.ts'

const installed = spawnSync('tshark', ['-v']).status === 0
if (!installed) console.warn('SKIPPED: tshark is not installed, nobody else reads the copies')

const folder = mkdtempSync(join(tmpdir(), 'copies-'))
afterAll(() => rmSync(folder, { recursive: true }))

const run = (args: string[], streams?: Streams): Promise<Ran> => runCommand(folder, args, streams)

const file = (name: string, content: Uint8Array | string): string => {
  writeFileSync(join(folder, name), content)
  return name
}
const bytesOf = (name: string): Buffer => readFileSync(join(folder, name))
const info = async (name: string): Promise<any> =>
  JSON.parse((await run(['info', name, '--format', 'json'])).out).captures[0]
const hidden = (): string[] => readdirSync(folder).filter((name) => name.startsWith('.'))

const refused = gateway({ attempts: [(upstream) => upstream.syn().rst('<')], answer: 502 })
file('front.pcap', refused.front)
file('back.pcap', refused.back)
file('front.pcap.gz', gzipSync(refused.front))
const COUNT = (await info('front.pcap')).frames as number

const verdict = async (...files: string[]): Promise<string> => {
  const { out } = await run(['diagnose', '--format', 'json', ...files])
  return JSON.parse(out)
    .incidents.map((one: any) => `${one.id} ${one.status} ${one.cause} ${one.confidence} ${one.time}`)
    .join()
}

const seen = (name: string): string =>
  execFileSync('tshark', ['-r', join(folder, name), '-T', 'fields', '-e', 'frame.time_epoch', '-e', 'tcp.seq_raw'], {
    encoding: 'utf8',
    stdio: 'pipe',
  })

describe('convert', () => {
  test('there and back, from compressed, and over pipes: the same bytes', async () => {
    expect(await run(['convert', 'front.pcap.gz', '-o', 'there.pcapng'])).toMatchObject({ status: 0, err: '' })
    const { status, bytes } = await run(['convert', '-', '-o', '-', '--format', 'pcap'], {
      stdin: bytesOf('there.pcapng'),
    })
    expect(status).toBe(0)
    const again = await run(['convert', '-', '-o', '-', '--format', 'pcap'], { stdin: bytes })
    expect(again.bytes.equals(bytes)).toBe(true)
    expect(await info('there.pcapng')).toMatchObject({ frames: COUNT, first: (await info('front.pcap')).first })
  })

  test('microseconds for old readers', async () => {
    const { bytes } = await run(['convert', 'front.pcap', '-o', '-', '--format', 'usecpcap'])
    expect(bytes.readUInt32LE(0)).toBe(0xa1b2c3d4)
  })

  test.skipIf(!installed)('tshark sees the same packets', async () => {
    await run(['convert', 'front.pcap', '-o', 'seen.pcapng'])
    expect(seen('seen.pcapng')).toBe(seen('front.pcap'))
  })
})

test('a capture without packets, one of an unknown link type, and one at the end of pcap’s time', async () => {
  const none = await run(['convert', '-', '-o', '-', '--format', 'pcap'], { stdin: refused.front.subarray(0, 24) })
  expect({ status: none.status, bytes: none.bytes.length }).toEqual({ status: 0, bytes: 24 })
  const odd = Buffer.from(refused.front)
  odd.writeUInt32LE(4711, 20) // link type
  odd.writeUInt32LE(0xffffffff, 24) // seconds of the first packet
  file('odd.pcap', odd)
  expect(await run(['convert', 'odd.pcap', '-o', 'odd.pcapng'])).toMatchObject({ status: 0, err: '' })
  expect(await info('odd.pcapng')).toMatchObject({
    frames: COUNT,
    last: '2106-02-07T06:28:15.000500000Z',
    outOfOrder: { frames: COUNT - 1 },
    interfaces: [{ linkType: 4711, linkTypeName: '4711' }],
  })
})

describe('outputs', () => {
  test.each([
    ['what exists', ['front.pcap', '-o', 'back.pcap'], '--force replaces it'],
    ['an input', ['front.pcap', '-o', 'front.pcap', '--force'], 'is one of the captures'],
    ['an input by a symbolic link', ['front.pcap', '-o', 'soft.pcap', '--force'], 'is one of the captures'],
    ['an input by a hard link', ['front.pcap', '-o', 'hard.pcap', '--force'], 'is one of the captures'],
    ['no folder', ['front.pcap', '-o', 'nowhere/x.pcap'], 'no such folder'],
    ['a device', ['front.pcap', '-o', '/dev/full', '--force'], 'not a regular file'],
    ['a compressed one', ['front.pcap', '-o', 'x.pcap.gz'], 'not compressed on writing'],
    ['of nothing', ['missing.pcap', '-o', 'x.pcap'], 'missing.pcap: no such file'],
    ['of an empty file', ['/dev/null', '-o', 'x.pcap'], 'nothing was written'],
    ['of text', [file('text', 'not a capture, whoever says so'), '-o', 'x.pcap'], 'nothing was written'],
  ])('%s: refused, and nothing is touched', async (_, args, said) => {
    if (!readdirSync(folder).includes('soft.pcap')) {
      symlinkSync(join(folder, 'front.pcap'), join(folder, 'soft.pcap'))
      linkSync(join(folder, 'front.pcap'), join(folder, 'hard.pcap'))
    }
    const before = bytesOf('front.pcap')
    const { status, err } = await run(['convert', ...args])
    expect({ status, err }).toEqual({ status: 2, err: expect.stringContaining(said) })
    expect(bytesOf('front.pcap').equals(before)).toBe(true)
    expect(hidden()).toEqual([])
    expect(readdirSync(folder)).not.toContain('x.pcap')
  })

  test('standard output that is the input would never end', async () => {
    const loop = file('loop.pcap', refused.front)
    const { status, err } = await run(['convert', loop, '-o', '-'], { stdout: join(folder, loop) })
    expect({ status, err }).toEqual({ status: 2, err: expect.stringContaining('is one of the captures') })
    expect(bytesOf(loop)).toHaveLength(refused.front.length)
  })

  test.skipIf(process.platform !== 'linux')('a full disk is told, a closed pipe is no error', async () => {
    const full = await run(['convert', 'front.pcap', '-o', '-'], { stdout: '/dev/full' })
    expect(full).toMatchObject({ status: 2, err: expect.stringContaining('standard output: no space left') })
    const large = file(
      'large.pcap',
      Buffer.concat([refused.front, ...Array.from({ length: 999 }, () => refused.front.subarray(24))]),
    )
    expect(await run(['convert', large, '-o', '-'], { read: 1 })).toMatchObject({ status: 0, err: '' })
  })
})

describe('trim and shift', () => {
  test('frames and times', async () => {
    expect(await run(['trim', 'front.pcap', '--frames', '2-4,6', '-o', 'few.pcap'])).toMatchObject({
      status: 0,
      err: '',
    })
    const { frames, first, last } = await info('few.pcap')
    expect(frames).toBe(4)
    expect(await run(['trim', 'front.pcap', '--from', first, '--to', last, '-o', 'span.pcap'])).toMatchObject({
      status: 0,
    })
    expect(await info('span.pcap')).toMatchObject({ frames: 6, first, last })
    const none = await run(['trim', 'front.pcap', '--to', '7', '-o', 'none.pcap'])
    expect(none).toMatchObject({ status: 2, err: expect.stringContaining('no frame is in this span') })
  })

  test('there and back is the same file', async () => {
    await run(['shift', 'front.pcap', '--by', '-1.000000001', '-o', 'early.pcap'])
    await run(['shift', 'early.pcap', '--by', '1.000000001', '-o', 'again.pcap'])
    await run(['convert', 'front.pcap', '-o', 'same.pcap'])
    expect(bytesOf('again.pcap').equals(bytesOf('same.pcap'))).toBe(true)
    expect(bytesOf('early.pcap').equals(bytesOf('same.pcap'))).toBe(false)
  })

  test('times that pcap has no room for are said, and kept by pcapng', async () => {
    const { status, err } = await run(['shift', 'front.pcap', '--by', '-99999999999', '-o', 'old.pcap'])
    expect({ status, err }).toEqual({ status: 2, err: expect.stringContaining(`no room for their times: ${COUNT}`) })
    expect(await run(['shift', 'front.pcap', '--by', '-99999999999', '-o', 'old.pcapng'])).toMatchObject({ status: 0 })
    expect(await info('old.pcapng')).toMatchObject({ frames: COUNT, first: expect.stringMatching(/^-/) })
  })
})

describe('merge', () => {
  test('all packets, by time, and the diagnosis is that of the captures', async () => {
    const { status, out } = await run(['merge', 'back.pcap', 'front.pcap', '-o', 'both.pcapng'])
    expect(status).toBe(0)
    expect(out).toMatch(/^both\.pcapng: (\d+) of \1 frames/)
    expect((await info('both.pcapng')).outOfOrder.frames).toBe(0)
    expect(await verdict('both.pcapng')).toBe(await verdict('back.pcap', 'front.pcap'))
  })

  test('a clock that is off, set right by hand or by what packets tell', async () => {
    await run(['shift', 'back.pcap', '--by', '3.5', '-o', 'late.pcap'])
    await run(['merge', 'front.pcap', 'late.pcap', '--offset', 'late.pcap=-3.5', '-o', 'set.pcapng'])
    await run(['merge', 'front.pcap', 'back.pcap', '-o', 'right.pcapng'])
    const [set, right] = [await info('set.pcapng'), await info('right.pcapng')]
    expect([set.first, set.last, set.frames]).toEqual([right.first, right.last, right.frames])
    expect(await run(['merge', 'front.pcap', 'front.pcap.gz', '--align', '-o', 'a.pcapng'])).toMatchObject({
      status: 0,
    })
    const wrong = await run(['merge', '-', 'front.pcap', '--align', '-o', 'b.pcapng'])
    expect(wrong).toMatchObject({ status: 2, err: expect.stringContaining('twice') })
  })

  test('pcap has one link type', async () => {
    const raw = Buffer.from(refused.back)
    raw.writeUInt32LE(101, 20)
    file('raw.pcap', raw)
    const { status, err } = await run(['merge', 'front.pcap', 'raw.pcap', '-o', 'mixed.pcap'])
    expect({ status, err }).toEqual({ status: 2, err: expect.stringContaining('one link type') })
    expect(await run(['merge', 'front.pcap', 'raw.pcap', '-o', 'mixed.pcapng'])).toMatchObject({ status: 0 })
    const lost = await run(['merge', 'front.pcap', 'back.pcap', '-o', 'one.pcap'])
    expect(lost).toMatchObject({ status: 0, err: expect.stringContaining('which interface a packet is of (1)') })
  })
})

describe('repair and info', () => {
  test('what is whole, and what was lost', async () => {
    const cut = file('cut.pcap', refused.front.subarray(0, refused.front.length - 1))
    const { status, err } = await run(['repair', cut, '-o', 'mended.pcap'])
    expect({ status, err }).toEqual({
      status: 0,
      err: expect.stringMatching(/cut\.pcap: at byte \d+: the last packet is cut/),
    })
    expect(await info('mended.pcap')).toMatchObject({ frames: COUNT - 1, faults: [] })
    expect(await run(['convert', cut, '-o', 'told.pcap'])).toMatchObject({ status: 2 })
  })

  test('info tells a person, with the hash of the file, and of what is damaged', async () => {
    const { status, out } = await run(['info', 'front.pcap.gz', 'cut.pcap', 'missing'])
    expect(status).toBe(2)
    expect(out).toContain(createHash('sha256').update(bytesOf('front.pcap.gz')).digest('hex'))
    expect(out).toMatch(/pcap, gzip, [^]*interface 0: ETHERNET[^]*fault at byte [\d,]+: the last packet is cut/)
    expect(await run(['info', '-'], { stdin: bytesOf('front.pcap') })).toMatchObject({ status: 0, err: '' })
  })
})
