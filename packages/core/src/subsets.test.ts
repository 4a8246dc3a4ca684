// Fewer captures, never a wrong answer: of every scenario all choices of its captures are diagnosed. What a choice cannot
// show makes an answer more general, doubtful, or undetermined; and then the document names a capture that is not there.
import { beforeAll, describe, expect, test } from 'vitest'
import { areThere, type Known, observed, scenarioNames, type Truth, truthOf } from '../../../tools/labelled.ts'
import type { CauseCode } from './diagnose/catalogue.ts'
import { diagnose } from './report/diagnose.ts'
import type { Incident } from './report/document.ts'
import { correlate } from './story/correlate.ts'

/** What is right of a cause when the captures do not reach to what sets it apart, and why. */
const MORE_GENERAL: { readonly [cause in CauseCode]?: readonly CauseCode[] } = {
  // The upstream kept the proxy waiting. For whom it waited itself, only its own host shows.
  'dependency-slow': ['upstream-silent', 'upstream-slow'],
  // Segments were lost. That size chose them shows only where smaller ones are seen to arrive.
  'mtu-blackhole': ['request-undelivered', 'response-lost'],
  // No answer in time. That there was one after all shows only where it is seen, and can be read.
  'upstream-slow': ['upstream-silent'],
}

interface Case {
  scenario: string
  truth: Truth
  /** Vantages of the subset, and those left out. */
  subset: string[]
  absent: string[]
  incidents: Incident[]
}

/** How an incident shows a failure that is known: on its own client leg, as one of its tries, or from another hop. */
type Sight = { known: Known; as: 'request' | 'try' | 'hop'; causes: readonly string[] }

interface Said extends Case {
  said: Incident
  sight: Sight | null
  where: string
}

function sightOf(truth: Truth, said: Incident): Sight | null {
  const { incidents, optional = [] } = truth
  const all = [...incidents, ...optional]
  const request = all.find(
    ({ client, path }) => said.client !== null && said.client === client && (said.path ?? path) === path,
  )
  if (request !== undefined) return { known: request, as: 'request', causes: request.accept }
  for (const known of all) {
    const translated = known.upstream_seen_as === undefined ? [] : [known.upstream_seen_as]
    const legs = [known, ...translated, ...known.attempts]
    const leg = legs.find(({ proxy_back, upstream }) => said.proxyBack === proxy_back && said.upstream === upstream)
    if (said.client === null && said.proxyBack !== null && leg !== undefined) {
      return { known, as: 'try', causes: [...known.accept, ...('cause' in leg && leg.cause ? [leg.cause] : [])] }
    }
  }
  // A leg alone may look like that of the first client, though it is one behind, or the other way round.
  const known =
    all.find((one) => one.path === said.path && endpoints(one).includes(said.proxyFront ?? said.upstream)) ??
    // Of what may be reported or not, the lab does not tell the upstream leg.
    optional.find((one) => one.path === said.path && one.attempts.length === 0)
  return known === undefined ? null : { known, as: 'hop', causes: known.accept }
}

const endpoints = ({ proxy_front, upstream, attempts, hops = [] }: Known): (string | null | undefined)[] => [
  proxy_front,
  upstream,
  ...attempts.map((attempt) => attempt.upstream),
  ...hops.flatMap((hop) => [hop.listens, hop.upstream]),
]

/** Also when the failure lies behind another proxy, that this one only passed it on is true. */
function isMoreGeneral(said: CauseCode, { known, causes }: Sight): boolean {
  if (said === 'relayed-from-upstream' && known.hops !== undefined) return true
  return causes.some((cause) => MORE_GENERAL[cause as CauseCode]?.includes(said))
}

const isRight = ({ cause }: Incident, sight: Sight): boolean =>
  sight.causes.includes(cause) || isMoreGeneral(cause, sight)

/** The right cause stands among those that cannot be excluded. */
const isOpen = ({ competing }: Incident, { causes }: Sight): boolean =>
  competing.some(({ cause }) => causes.includes(cause))

/** Whether a client gave up, and nothing failed at all, is for the client leg to say: possible, and it says so. */
const leavesOpen = ({ confidence, competing, missing }: Incident): boolean =>
  confidence === 'possible' &&
  competing.some(({ cause }) => cause === 'undetermined') &&
  missing.some(({ vantage }) => vantage === 'proxy-front')

/** The lab's names for places, as vantages: the second proxy of a chain has the same two as the first. */
function vantagesOf(place: string): string[] {
  if (place === 'proxy-any' || place === 'span') return ['proxy-front', 'proxy-back']
  return [place.replace('inner-', 'proxy-')]
}

/** A capture is named that was left out. */
const isNamed = ({ said, absent }: Said): boolean =>
  said.missing.some(({ vantage }) => absent.some((place) => vantagesOf(place).includes(vantage)))

const SHOWS_CLIENTS: ReadonlySet<string> = new Set(['client', 'proxy-front', 'proxy-any', 'span'])

function* subsets<T>(all: readonly T[]): Generator<T[]> {
  for (let chosen = 1; chosen < 1 << all.length; chosen++) yield all.filter((_, i) => (chosen >> i) & 1)
}

describe.skipIf(!areThere)('over all choices of labelled captures', () => {
  const cases: Case[] = []
  let all: Said[] = []
  /** Scenario and client of what all captures together determine. */
  let determined: Set<string>

  beforeAll(async () => {
    for (const scenario of scenarioNames()) {
      const truth = truthOf(scenario)
      const captures = await observed(scenario)
      for (const chosen of subsets(captures)) {
        const { incidents } = diagnose(correlate(chosen.map(({ observations }) => observations)))
        const subset = chosen.map(({ vantage }) => vantage)
        const absent = captures.map(({ vantage }) => vantage).filter((vantage) => !subset.includes(vantage))
        cases.push({ scenario, truth, subset, absent, incidents })
      }
    }
    all = cases.flatMap((one) =>
      one.incidents.map((said) => {
        const sight = sightOf(one.truth, said)
        const who = `${said.client ?? said.proxyBack} ${said.path}`
        const where = `${one.scenario} [${one.subset.join(' ')}] ${who}: ${said.cause} (${said.confidence})`
        return { ...one, said, sight, where }
      }),
    )
    const whole = all.filter(({ absent, said }) => absent.length === 0 && said.cause !== 'undetermined')
    determined = new Set(whole.map(({ scenario, sight }) => `${scenario} ${sight?.known.path}`))
  }, 120_000)

  const these = (wrong: (one: Said) => boolean): string[] => all.filter(wrong).map(({ where }) => where)

  test('there is something to judge', () => {
    expect(cases.length).toBeGreaterThan(1000)
    expect(all.length).toBeGreaterThan(1500)
  })

  test('what is certain is right', () => {
    expect(
      these(({ said, sight }) => said.confidence === 'certain' && (sight === null || !isRight(said, sight))),
    ).toEqual([])
  })

  test('no incident is invented', () => {
    expect(these(({ said, sight }) => sight === null && !leavesOpen(said))).toEqual([])
  })

  test('a cause is right, more general, left open, or undetermined', () => {
    expect(
      these(
        ({ said, sight }) =>
          sight !== null && said.cause !== 'undetermined' && !isRight(said, sight) && !isOpen(said, sight),
      ),
    ).toEqual([])
  })

  test('what is undetermined, and would not be with all captures, names one that is not there', () => {
    expect(
      these((one) => {
        const { said, sight, scenario } = one
        if (said.cause !== 'undetermined' || !determined.has(`${scenario} ${sight?.known.path}`)) return false
        // Seen from another hop, the vantages are those of another proxy.
        return sight?.as === 'hop' ? said.missing.length === 0 : !isNamed(one)
      }),
    ).toEqual([])
  })

  test('a gateway error that a client is seen to get is never passed over', () => {
    const missed = cases.flatMap(({ scenario, truth, subset, incidents }) => {
      if (!subset.some((place) => SHOWS_CLIENTS.has(place))) return []
      return truth.incidents
        .filter(({ client, status, client_leg }) => {
          const isSeen = client_leg === undefined && (status === 502 || status === 504)
          return isSeen && !incidents.some((said) => said.client === client)
        })
        .map(({ client, path }) => `${scenario} [${subset.join(' ')}] ${client} ${path}`)
    })
    expect(missed).toEqual([])
  })
})
