import { Ajv2020 } from 'ajv/dist/2020.js'
import { network, request } from '@pcap-surgery/testkit'
import { expect, test } from 'vitest'
import type { DecompressionPort } from '../capture/compression.ts'
import { pcapngWriter } from '../capture/write-pcapng.ts'
import { INFO_SCHEMA } from './info-schema.ts'
import { type CaptureContent, describeCapture } from './info.ts'

const decompression: DecompressionPort = {
  gzip: () => {
    throw new Error('not gzip')
  },
}
// oxlint-disable-next-line require-await -- stands for a source that waits
async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 100) yield bytes.slice(at, at + 100)
}
const contentOf = (bytes: Uint8Array): Promise<CaptureContent> =>
  describeCapture({ open: () => chunks(bytes) }, decompression)

const validate = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true }).compile(INFO_SCHEMA)
function expectValid(content: CaptureContent): void {
  const capture = { file: 'x', bytes: 1, sha256: '0'.repeat(64), ...content }
  validate({ schema: 'pcap-surgery/info@1', captures: [capture] })
  expect(validate.errors).toBeNull()
}

function packetAt(seconds: number): { seconds: number; nanoseconds: number; bytes: Uint8Array } & Record<string, any> {
  return { seconds, nanoseconds: 5, bytes: new Uint8Array(60), at: 0, end: 60, wireLength: 100, interfaceId: 0 }
}

test('frames, times, order, interfaces, comments, and how many secrets', async () => {
  const blocks: Uint8Array[] = []
  const writer = pcapngWriter({ comments: ['of the file'], application: 'test 1' }, (block) => blocks.push(block))
  writer.addInterface({ linkType: 113, snapLength: 60, name: 'any', comment: null })
  writer.names([['10.0.0.1', 'app']])
  writer.secrets(`CLIENT_RANDOM ${'ab'.repeat(32)} 00\nCLIENT_RANDOM ${'AB'.repeat(32)} 11\n`)
  for (const at of [10, 12.5, 12, 13].map(Math.floor)) writer.packet(packetAt(at) as never, at === 13 ? ['look'] : [])
  writer.packet(packetAt(11) as never)
  writer.dropped(0, 3)
  writer.end()
  const content = await contentOf(Buffer.concat(blocks))
  expectValid(content)
  expect(content).toMatchObject({
    format: 'pcapng',
    compression: null,
    frames: 5,
    capturedBytes: 300,
    wireBytes: 500,
    cutFrames: 5,
    first: '1970-01-01T00:00:10.000000005Z',
    last: '1970-01-01T00:00:13.000000005Z',
    durationSeconds: 3,
    outOfOrder: { frames: 1, mostSeconds: 2 },
    section: { application: 'test 1' },
    interfaces: [{ id: 0, linkTypeName: 'LINUX_SLL', name: 'any', snapLength: 60, frames: 5, dropped: 3 }],
    comments: ['of the file'],
    commentedFrames: 1,
    names: 1,
    secrets: { blocks: 1, sessions: 1 },
    faults: [],
  })
  expect(JSON.stringify(content).toLowerCase()).not.toContain('abab')
})

test('a cut capture, and what is none', async () => {
  const net = network()
  net.tcp(net.host('a', '10.0.0.1'), net.host('b', '10.0.0.2'), 80).handshake().send('>', request('GET /'))
  const whole = net.capture('a')
  const cut = await contentOf(whole.slice(0, whole.length - 1))
  expectValid(cut)
  expect(cut.faults).toHaveLength(1)
  const none = await contentOf(new TextEncoder().encode('not a capture, whoever says so'))
  expectValid(none)
  expect(none).toMatchObject({ format: null, frames: 0, first: null, durationSeconds: null, interfaces: [] })
})

// Rewritten by `npx vitest run info -u`.
test('the published file is this schema', async () => {
  const published = `${JSON.stringify(INFO_SCHEMA, null, 2)}\n`
  await expect(published).toMatchFileSnapshot('../../schema/info-1.schema.json')
})
