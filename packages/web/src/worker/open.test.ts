import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { InputFile, Part, Progress } from '../session/protocol.ts'
import { inParts, openFiles } from './open.ts'
import type { Context } from './worker.ts'

const cases = new URL('../../../../cases/', import.meta.url)
let next = 0
function file(name: string, bytes: Uint8Array): InputFile {
  return { id: next++, name, size: bytes.length, blob: new Blob([new Uint8Array(bytes)]), url: null }
}
const fromCase = (path: string): InputFile => file(path.split('/').at(-1)!, readFileSync(new URL(path, cases)))

/** Cancelled when `frames` were read. */
function context(frames = Infinity): Context & { told: Progress[] } {
  const told: Progress[] = []
  let isCancelled = false
  return {
    told,
    progress: (progress) => {
      told.push(progress)
      isCancelled ||= progress.frames >= frames
    },
    isCancelled: () => isCancelled,
  }
}

const verdicts = (document: { incidents: { cause: string; confidence: string }[] } | null): string[] =>
  (document?.incidents ?? []).map(({ cause, confidence }) => `${cause} ${confidence}`)
const expected = (name: string): string[] =>
  verdicts(JSON.parse(readFileSync(new URL(`${name}/expected.json`, cases), 'utf8')))

const SLOW = 'nginx-upstream-slow-pool'
const slow = (): InputFile[] => ['proxy-front.pcap', 'proxy-back.pcap'].map((name) => fromCase(`${SLOW}/${name}`))

test('captures give what the command gives', async () => {
  const { answer, session } = await openFiles(null, slow(), context())
  expect(verdicts(answer.document)).toEqual(expected(SLOW))
  expect(answer.files.map(({ is, faults }) => [is, faults])).toEqual([
    ['capture', []],
    ['capture', []],
  ])
  expect(session!.captures.map(({ file: { name } }) => name)).toEqual(['proxy-front.pcap', 'proxy-back.pcap'])
})

test('incidents come in parts, and together are all of them in their order', async () => {
  const { answer } = await openFiles(null, slow(), context())
  const [incident] = answer.document!.incidents
  const many = Array.from({ length: 250 }, (_, index) => ({ ...incident!, id: `${index}` }))
  const parts: Part[] = []
  const document = { ...answer.document!, incidents: many, masked: many.slice(0, 1) }
  const rest = inParts({ ...answer, document }, (part) => parts.push(part))
  expect(rest.document).toEqual({ ...document, incidents: [], masked: [] })
  const of = (wanted: Part['list']) => parts.flatMap(({ list, incidents }) => (list === wanted ? incidents : []))
  expect([of('incidents'), of('masked')]).toEqual([document.incidents, document.masked])
  expect(Math.max(...parts.map(({ incidents }) => incidents.length))).toBeLessThan(many.length)
})

test('a key log is known by its content, and what was read without it is read again', async () => {
  const name = 'nginx-h2-tls-front-keys'
  const files = ['proxy-front.pcap', 'proxy-back.pcap'].map((one) => fromCase(`${name}/${one}`))
  const without = await openFiles(null, files, context())
  expect(without.answer.document!.incidents[0]!.path).toBeNull()
  const log = fromCase(`${name}/keys.log`)
  const { answer } = await openFiles(without.session, [...files, { ...log, name: 'notes.txt' }], context())
  expect(answer.files.at(-1)).toMatchObject({ is: 'key-log', text: null })
  expect(answer.document!.incidents[0]!.path).not.toBeNull()
  expect(verdicts(answer.document)).toEqual(expected(name))
})

test('the same bytes are read once, whatever the file is called; other bytes of the same name are told apart', async () => {
  const [front, back] = slow()
  const { answer } = await openFiles(
    null,
    [front!, { ...front!, id: -1, name: 'copy' }, { ...back!, name: front!.name }],
    context(),
  )
  expect(answer.files.map(({ is, name }) => [is, name])).toEqual([
    ['capture', 'proxy-front.pcap'],
    ['duplicate', 'copy'],
    ['capture', 'proxy-front.pcap (2)'],
  ])
  expect(verdicts(answer.document)).toEqual(expected(SLOW))
})

test('what is no capture is told, and does not keep the others from being read', async () => {
  const { answer } = await openFiles(null, [file('notes.md', Buffer.from('# notes')), ...slow()], context())
  expect(answer.files[0]).toMatchObject({ is: 'unreadable', text: expect.stringContaining('not a pcap or pcapng') })
  expect(verdicts(answer.document)).toEqual(expected(SLOW))
  expect(answer.document!.captures.map(({ id }) => id)).toEqual([0, 1])
  const alone = await openFiles(null, [file('empty', new Uint8Array(0))], context())
  expect(alone).toMatchObject({ session: null, answer: { document: null, isStopped: false } })
})

test('a damaged file gives what stands before the damage, and where that is', async () => {
  const bytes = readFileSync(new URL(`${SLOW}/proxy-back.pcap`, cases))
  const { answer } = await openFiles(
    null,
    [file('cut.pcap.gz', gzipSync(bytes.subarray(0, bytes.length - 7)))],
    context(),
  )
  expect(answer.files[0]).toMatchObject({ is: 'capture', faults: [{ offset: expect.any(Number) }] })
})

test('more files are read alone', async () => {
  const files = slow()
  const first = await openFiles(null, files.slice(0, 1), context())
  const broken = files.map((one, i) => (i === 0 ? { ...one, size: 1, blob: new Blob(['?']) } : one))
  const { answer } = await openFiles(first.session, broken, context())
  expect(verdicts(answer.document)).toEqual(expected(SLOW))
})

test('stopped, it gives what was read until then without calling that damage', async () => {
  const [front, back] = slow()
  const { answer } = await openFiles(null, [front!, back!], context(1))
  expect(answer).toMatchObject({ isStopped: true, files: [{ is: 'capture', faults: [] }, { is: 'not-read' }] })
  expect(answer.document!.captures).toHaveLength(1)
})

test('told how far it is: answers with gateway errors too', async () => {
  const { told, ...how } = context()
  await openFiles(null, slow(), how)
  const last = told.at(-1)!
  expect(last.stage).toBe('diagnosing')
  expect(last.bytes).toBe(last.total)
  expect(last.failures).toBeGreaterThanOrEqual(expected(SLOW).length)
})
