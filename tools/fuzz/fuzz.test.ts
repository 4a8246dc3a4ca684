// A short run of the fuzzer: the same inputs every time. `npm run fuzz` looks further, guided by what code is reached.
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Finding, fuzz } from './fuzzer.ts'
import { minimised } from './minimise.ts'
import { ascii, mutated } from './mutate.ts'
import { conversation, partsOf, turnsOf, withLengths } from './parts.ts'
import { Random } from './random.ts'
import { Seeds } from './seeds.ts'
import { OF_WHOLE_CAPTURES, type Target, targetsWith } from './targets.ts'
import { capturesIn, mutateOne } from './thirdparty.ts'

const THIRD_PARTY = '../shared/thirdparty'
/** Larger captures take longer than they show more. */
const LARGE = 200_000

const runs = (name: string): number =>
  name === 'diagnose' || name === 'isolate' ? 250 : OF_WHOLE_CAPTURES.includes(name) ? 60 : 1500

describe('no reader fails, tells more than there is, or cites what is not there', () => {
  const seeds = new Seeds(['cases'])
  test.each(targetsWith(seeds).map((target) => [target.name, target] as const))('%s', async (name, target) => {
    const findings: Finding[] = []
    await fuzz(target, seeds, {
      seed: 1,
      coverage: null,
      isOver: (count) => count >= runs(name),
      watch: () => {},
      found: (finding) => findings.push(finding),
    })
    const told = findings.map(({ message, input }) => `${message}\nbase64: ${Buffer.from(input).toString('base64')}`)
    expect(told).toEqual([])
  })
})

describe.skipIf(!existsSync(THIRD_PARTY))(
  'captures of all kinds, mutated: nothing fails, nothing unfounded is certain',
  () => {
    test.each(existsSync(THIRD_PARTY) ? capturesIn(THIRD_PARTY) : [])('%s', async (file) => {
      const bytes = new Uint8Array(readFileSync(`${THIRD_PARTY}/${file}`))
      expect(await mutateOne(file, bytes, bytes.length < LARGE ? 4 : 0, 1)).toEqual([])
    })
  },
)

function mutations(seed: number): string[] {
  const random = new Random(seed)
  return Array.from({ length: 50 }, () => mutated(ascii('length 16'), random, ascii('other')).join())
}

test('a seed gives the same mutations', () => {
  expect(mutations(7)).toEqual(mutations(7))
  expect(new Set([...mutations(7), ...mutations(8)]).size).toBeGreaterThan(80)
})

test('parts and turns come back as they were', () => {
  const parts = [ascii('one'), ascii(''), ascii('three')]
  expect(partsOf(withLengths(parts))).toEqual(parts)
  const turns = [
    { from: 0, what: 'push', bytes: ascii('GET'), length: 3 },
    { from: 1, what: 'gap', bytes: ascii(''), length: 1460 },
  ] as const
  expect(turnsOf(conversation(turns))).toEqual(turns)
})

test('what fails is made small', async () => {
  const small = await minimised('dns', ascii('AAAABCCCCCCCCCCDEEEE'), async (b) => b.includes(66) && b.includes(68))
  expect(small).toEqual(ascii('BD'))
})

test('a target that fails is found, once', async () => {
  const findings: Finding[] = []
  const broken: Target = {
    name: 'broken',
    seeds: () => [ascii('ABC')],
    run: (input) => {
      if (input[0] === 66) throw new Error(`at ${input.length}`)
    },
  }
  await fuzz(broken, new Seeds([]), {
    seed: 1,
    coverage: null,
    isOver: (count) => count >= 5000,
    watch: () => {},
    found: (finding) => findings.push(finding),
  })
  expect(findings.map(({ input }) => input)).toEqual([ascii('B')])
})
