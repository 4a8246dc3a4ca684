// Labelled captures whose clocks are set wrong, each its own way: they must be put right, and what is said of them be
// true. CLOCK_SEEDS=1,2,3 tries all scenarios with these seeds; else a share of them is tried with one.
import { gunzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { areThere, observed, scenarioNames, type Truth, truthOf } from '../../../tools/labelled.ts'
import { createCaptureReader } from './capture/open.ts'
import type { Packet } from './capture/packet.ts'
import { type Bytes, correlate, diagnose, type Incident, type Observations, pcapngWriter, type Story } from './index.ts'

/** A clock that is ahead by so many seconds at `origin` (seconds since 1970), runs faster, and is set once. */
interface Fault {
  ahead: number
  ppm: number
  origin: number
  /** From this many nanoseconds after `origin` on it is ahead by so many more. */
  step: { after: number; by: number } | null
}

/** A copy of a capture by a clock that is wrong. */
function reclocked(file: Bytes, { ahead, ppm, origin, step }: Fault): Bytes {
  const reader = createCaptureReader()
  const written: Bytes[] = []
  const writer = pcapngWriter({ comments: [], application: 'test' }, (bytes) => written.push(bytes))
  let described = 0
  const sink = {
    packet(packet: Packet): void {
      for (; described < reader.info.interfaces.length; described++) {
        writer.addInterface({ ...reader.info.interfaces[described], comment: null })
      }
      const since = (packet.seconds - origin) * 1e9 + packet.nanoseconds
      const leap = step !== null && since >= step.after ? step.by : 0
      const time = since + leap + Math.round((since * ppm) / 1e6) + Math.round((ahead % 1) * 1e9)
      const whole = Math.floor(time / 1e9)
      const seconds = origin + Math.trunc(ahead) + whole
      writer.packet({ ...packet, seconds, nanoseconds: time - whole * 1e9 })
    },
  }
  reader.push(file[0] === 0x1f && file[1] === 0x8b ? gunzipSync(file) : file, sink)
  reader.end(sink)
  for (const log of reader.info.keyLogs) writer.secrets(log)
  return new Uint8Array(Buffer.concat(written))
}

/** Numbers from 0 to 1, the same for the same seed (a linear congruential generator). */
function numbers(seed: number): () => number {
  let state = seed >>> 0
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
}

/** From a millisecond to a day either way, each magnitude as likely; up to 100 ppm. */
function faultsOf(observations: readonly Observations[], seed: number): Fault[] {
  const random = numbers(seed)
  random()
  return observations.map(({ epoch }) => {
    const ahead = (random() < 0.5 ? -1 : 1) * 10 ** (-3 + random() * Math.log10(86_400_000))
    return { ahead, ppm: (random() * 2 - 1) * 100, origin: epoch, step: null }
  })
}

/** One of the clocks is set, from 50 ms to 5 s either way, anywhere in the middle of its capture. */
function steppedOf(observations: readonly Observations[], seed: number): Fault[] {
  const random = numbers(seed)
  random()
  const which = Math.floor(random() * observations.length)
  return observations.map(({ epoch, first, last }, i) => {
    const after = first + (0.1 + 0.8 * random()) * (last - first)
    const by = (random() < 0.5 ? -1 : 1) * Math.round(0.05e9 * 100 ** random())
    return { ahead: 0, ppm: 0, origin: epoch, step: i === which ? { after, by } : null }
  })
}

interface Copy {
  where: string
  truth: Truth
  plain: Observations[]
  faults: Fault[]
  story: Story
  expected: string[]
  incidents: Incident[]
}

const told = ({ cause, client, proxyFront, proxyBack, upstream, path }: Incident): string =>
  [cause, client, proxyFront, proxyBack, upstream, path].join(' ')

async function copyOf(name: string, seed: number, wrong: typeof faultsOf): Promise<Copy> {
  const plain = await observed(name)
  const observations = plain.map((one) => one.observations)
  const faults = wrong(observations, seed + name.length * 65_537 + name.charCodeAt(0))
  const byVantage = new Map(plain.map(({ vantage }, i) => [vantage, faults[i]]))
  const moved = await observed(name, true, null, (file, vantage) => reclocked(file, byVantage.get(vantage)!))
  const story = correlate(moved.map((one) => one.observations))
  return {
    where: `${name}, seed ${seed}`,
    truth: truthOf(name),
    plain: observations,
    faults,
    story,
    expected: diagnose(correlate(observations)).incidents.map(told),
    incidents: diagnose(story).incidents,
  }
}

/** By how much a capture's clock is ahead of the first one's at its first packet. */
function aheadOf({ plain, faults }: Copy, capture: number): number {
  const { epoch, first } = plain[capture]
  const shown = ({ ahead, ppm, origin }: Fault): number => ahead + ((epoch - origin + first / 1e9) * ppm) / 1e6
  return shown(faults[capture]) - shown(faults[0])
}

/** Captures are told to the microsecond; so are these sums. */
const ROUNDED = 2e-6

const isPlain = ({ captures }: Truth): boolean =>
  captures.every(
    ({ skew_s, drift_ppm, step_s }) => skew_s === undefined && drift_ppm === undefined && step_s === undefined,
  )

/** Scenarios with several captures whose clocks are right. */
const plainNames = (): string[] =>
  scenarioNames().filter((name) => {
    const truth = truthOf(name)
    return new Set(truth.captures.map(({ vantage }) => vantage)).size > 1 && isPlain(truth)
  })

/** What is said to be certain, and is not so. */
const wronglyCertain = (copies: readonly Copy[]): string[] =>
  copies.flatMap(({ where, truth, incidents }) =>
    incidents.flatMap((said) => {
      const known = truth.incidents.find(({ client, path }) => client === said.client && path === said.path)
      const isWrong = said.confidence === 'certain' && known?.accept.includes(said.cause) === false
      return isWrong ? [`${where}: ${said.cause}, not ${known.cause}`] : []
    }),
  )

const SEEDS = process.env.CLOCK_SEEDS?.split(',').map(Number)
/** Of so many scenarios one is tried. */
const SHARE = SEEDS === undefined ? 2 : 1

describe.skipIf(!areThere)('over labelled captures whose clocks are wrong', () => {
  const copies: Copy[] = []

  beforeAll(async () => {
    const names = plainNames()
    for (const seed of SEEDS ?? [1]) {
      for (const name of names.filter((_, i) => i % SHARE === 0)) copies.push(await copyOf(name, seed, faultsOf))
    }
  }, 600_000)

  test('the true offset lies within the bounds, and most have bounds', () => {
    const clocks = copies.flatMap((copy) =>
      copy.story.captures.map(({ clock }, i) => ({ clock, ahead: aheadOf(copy, i), where: `${copy.where}: ${i}` })),
    )
    const stated = clocks.filter(({ clock }) => clock.low !== null)
    const wrong = stated.filter(({ clock: { low, high }, ahead }) => ahead < low! - ROUNDED || ahead > high! + ROUNDED)
    expect(wrong.map(({ where, clock, ahead }) => `${where}: ${ahead}, not ${clock.low} to ${clock.high}`)).toEqual([])
    expect(stated.length).toBeGreaterThan(clocks.length * 0.85)
  })

  test('where all clocks are known, the incidents are those of right clocks', () => {
    const known = copies.filter(({ story }) => story.captures.every(({ clock }) => clock.low !== null))
    const all = (list: (copy: Copy) => string[]): string[] =>
      known.flatMap((copy) => list(copy).map((one) => `${copy.where}: ${one}`)).toSorted()
    expect(all(({ incidents }) => incidents.map(told))).toEqual(all(({ expected }) => expected))
  })

  test('nothing that is said to be certain is wrong', () => {
    expect(wronglyCertain(copies)).toEqual([])
  })
})

describe.skipIf(!areThere)('over labelled captures one of whose clocks is set', () => {
  const copies: Copy[] = []

  beforeAll(async () => {
    for (const seed of SEEDS ?? [1]) {
      for (const name of plainNames()) copies.push(await copyOf(name, seed, steppedOf))
    }
  }, 600_000)

  /** What is said beside what right clocks give, with the truth where there is one. */
  const others = (): { said: Incident; where: string; known: Truth['incidents'][number] | undefined }[] =>
    copies.flatMap(({ where, truth, expected, incidents, faults }) => {
      const at = faults.findIndex(({ step }) => step !== null)
      const of = `${where}, capture ${at} by ${faults[at]!.step!.by / 1e9} s`
      return incidents
        .filter((said) => !expected.includes(told(said)))
        .map((said) => {
          const known = truth.incidents.find(({ client, path }) => client === said.client && path === said.path)
          return { said, known, where: `${of}: ${told(said)} (${said.confidence}), not ${known?.cause}` }
        })
    })

  test('nothing else failed', () => {
    const strange = others().filter(({ known }) => known === undefined)
    expect(strange.map(({ where }) => where)).toEqual([])
  })

  test('causes are right or left open, nearly all: one that is set in a chain of proxies may part them', () => {
    const wrong = others().filter(({ said: { cause, competing }, known }) => {
      const isOpen = cause === 'undetermined' || competing.some((other) => other.cause === 'undetermined')
      return known !== undefined && !isOpen && !known.accept.includes(cause)
    })
    const most = Math.floor(copies.length * 0.01)
    expect(wrong.map(({ where }) => where).slice(most)).toEqual([])
  })

  test('nothing that is said to be certain is wrong', () => {
    expect(wronglyCertain(copies)).toEqual([])
  })
})
