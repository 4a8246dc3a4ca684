// What the page saves is what the command writes, byte for byte: they differ only in where it lies.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { runCommand } from '../../../../tools/command.ts'
import type { InputFile, SaveRequest } from '../session/protocol.ts'
import { openFiles } from './open.ts'
import { saveIncident } from './save.ts'
import type { Session } from './session.ts'

const CASES = fileURLToPath(new URL('../../../../cases/', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'save-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Pseudonyms follow from it. */
const KEY = new Uint8Array(32).fill(7)
const key = join(folder, 'own.key')
writeFileSync(key, KEY)

const context = { progress: () => {}, isCancelled: () => false }
const options = { most: 1 << 20, random: () => KEY }

async function opened(name: string, files: readonly string[]): Promise<Session> {
  const inputs = files.map((file, id): InputFile => {
    const bytes = readFileSync(join(CASES, name, file))
    return { id, name: file, size: bytes.length, blob: new Blob([bytes]), url: null }
  })
  return (await openFiles(null, inputs, context)).session!
}

async function byCommand(name: string, files: readonly string[], request: SaveRequest): Promise<Buffer> {
  const output = `${name}-${request.anonymise}.${request.format}`
  const given = files.flatMap((file) => [...(file.endsWith('.log') ? ['--keys'] : []), join(CASES, name, file)])
  const hiding = request.anonymise ? ['--anonymise', '--anonymise-key', key] : []
  const ran = await runCommand(folder, ['isolate', ...given, '-i', request.incident, '-o', output, ...hiding])
  expect(ran).toMatchObject({ status: 0 })
  return readFileSync(join(folder, output))
}

const BOTH = ['proxy-front.pcap', 'proxy-back.pcap']

describe.each<[name: string, files: string[], format: SaveRequest['format']]>([
  ['chain-nginx-haproxy-slow', [...BOTH, 'inner-back.pcap'], 'pcapng'],
  ['caddy-connect-refused', BOTH, 'pcap'],
  ['nginx-h2-tls-front-keys', [...BOTH, 'keys.log'], 'pcapng'],
])('%s, as the command cuts it', (name, files, format) => {
  test.each([false, true])('anonymised: %s', async (anonymise) => {
    const request = { incident: '1', format, anonymise }
    const made = await saveIncident(await opened(name, files), request, context, options)
    const bytes = Buffer.from(await made.blob.arrayBuffer())
    expect(bytes.equals(await byCommand(name, files, request))).toBe(true)
    expect(made.name).toBe(`incident-1${anonymise ? '-anonymised' : ''}.${format}`)
    expect(made.notes).toContainEqual(expect.stringMatching(/^diagnosed again: .*, as in the captures/))
  })
})

const CONNECT = { incident: '1', format: 'pcapng', anonymise: false } as const

test.each([
  ['no such incident', { ...CONNECT, incident: '99' }, options, 'there is no incident 99'],
  ['a cut that is too large', CONNECT, { ...options, most: 1000 }, 'more than a page should hold'],
])('%s is refused with a sentence', async (_, request, own, sentence) => {
  const session = await opened('caddy-connect-refused', BOTH)
  await expect(saveIncident(session, request, context, own)).rejects.toThrow(sentence)
})

test('whoever gives up gets nothing', async () => {
  const session = await opened('caddy-connect-refused', BOTH)
  await expect(saveIncident(session, CONNECT, { isCancelled: () => true }, options)).rejects.toThrow('stopped')
})
