import { gateway } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'
import type { Bytes } from '../bytes/read.ts'
import { observeFiles, type ObservedFiles } from '../observe/files.ts'
import { observe, observeApart } from '../observe/observe.ts'
import { diagnose } from '../report/diagnose.ts'
import { correlate } from '../story/correlate.ts'
import type { CutBench, Draft, DraftKind } from './bench.ts'
import { cutIncident, type IncidentCutOptions, type IncidentCutSubject } from './incident.ts'
import type { CutInput } from './sources.ts'

const decompression = {
  gzip: () => {
    throw new Error('not gzip')
  },
}

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Bytes> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.slice(at, at + 1000)
}

function observed(inputs: readonly Pick<CutInput, 'file' | 'open'>[]): Promise<ObservedFiles> {
  const of = (file: string) => inputs.find((one) => one.file === file)!
  return observeFiles(
    inputs.map(({ file }) => file),
    (jobs) =>
      Promise.all(
        jobs.map(async ({ files, apart }) =>
          apart
            ? observeApart(of(files[0]!), { decompression })
            : [
                await observe(
                  files.map((file) => of(file)),
                  { decompression },
                ),
              ],
        ),
      ),
    () => Promise.resolve(true),
  )
}

/** A bench whose drafts take `room` bytes each, and what lies on it. */
function memory(room = Infinity): { bench: CutBench<Draft>; there: Map<string, DraftKind>; most: () => number } {
  const there = new Map<string, DraftKind>()
  let most = 0
  const draft = (output: number, kind: DraftKind): Draft => {
    const name = `${kind} ${output}`
    expect(there.has(name), 'one of a kind').toBe(false)
    there.set(name, kind)
    most = Math.max(most, there.size)
    let bytes: Buffer = Buffer.alloc(0)
    return {
      name,
      emit(block) {
        bytes = Buffer.concat([bytes, block])
        if (bytes.length > room) throw new Error('no room')
      },
      close: () => {},
      open: () => inPieces(bytes),
      discard: () => void there.delete(name),
    }
  }
  const bench: CutBench<Draft> = {
    decompression,
    draft,
    read: (drafts) => observed(drafts.map((one) => ({ file: one.name, open: () => one.open() }))),
    random: (length) => new Uint8Array(length).fill(1),
  }
  return { bench, there, most: () => most }
}

const refused = gateway({ attempts: [(upstream) => upstream.syn().rst('<')], answer: 502 })

async function subject(): Promise<IncidentCutSubject> {
  const inputs = Object.entries({ 'front.pcap': refused.front, 'back.pcap': refused.back }).map(
    ([file, bytes]): CutInput => ({ file, name: file, within: null, open: () => inPieces(bytes) }),
  )
  const { observations, ids } = await observed(inputs)
  const story = correlate(observations, { ids })
  const incident = diagnose(story).incidents[0]!
  return { story, inputs, incident, expected: incident }
}

const OPTIONS: IncidentCutOptions = {
  format: 'pcapng',
  application: 'test 1',
  align: false,
  snap: null,
  secrets: null,
  legs: [null],
  padSeconds: 0,
  anonymise: null,
}

const KINDS: [string, Partial<IncidentCutOptions>][] = [
  ['as it is', {}],
  ['a leg a file', { legs: ['client', 'upstream'] }],
  ['anonymised', { anonymise: { key: null } }],
  ['cut off', { snap: 60 }],
  ['anonymised and cut off', { anonymise: { key: null }, snap: 60 }],
]

describe('what is left on the bench', () => {
  test.each(KINDS)('%s: the proven cuts alone', async (_, options) => {
    const { bench, there } = memory()
    const made = await cutIncident(bench, await subject(), { ...OPTIONS, ...options })
    expect(made).toMatchObject({ is: 'proven', proof: { agrees: true, cause: 'connect-refused' } })
    expect([...there.values()]).toEqual((options.legs ?? [null]).map(() => 'final'))
  })

  test.each(KINDS)('%s, and no room: nothing', async (_, options) => {
    for (const room of [0, 200, 1000]) {
      const { bench, there, most } = memory(room)
      await expect(cutIncident(bench, await subject(), { ...OPTIONS, ...options })).rejects.toThrow('no room')
      expect(there.size).toBe(0)
      expect(most()).toBeGreaterThan(0)
    }
  })

  test.each(KINDS)('%s, and it cannot be read again: nothing', async (_, options) => {
    for (let readings = 0, isMade = false; !isMade; readings++) {
      const { bench, there } = memory()
      let left = readings
      const read: typeof bench.read = (...of) => (left-- > 0 ? bench.read(...of) : Promise.reject(new Error('gone')))
      const made = await cutIncident({ ...bench, read }, await subject(), { ...OPTIONS, ...options }).catch(() => null)
      isMade = made !== null
      expect([...there.values()].every((kind) => isMade && kind === 'final')).toBe(true)
    }
  })
})

test('a cut that says something else is none, however wide', async () => {
  const { bench, there } = memory()
  const whole = await subject()
  const incident = { ...whole.incident, cause: 'connect-timeout' } as const
  const made = await cutIncident(bench, { ...whole, incident }, OPTIONS)
  expect(made).toMatchObject({ is: 'unproven', proof: { width: 'hosts', agrees: false, cause: 'connect-refused' } })
  expect(there.size).toBe(0)
})
