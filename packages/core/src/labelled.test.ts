// Captures whose causes are known, from a fault lab: what share of the answers is right, and that none is a false alarm.
import { beforeAll, describe, expect, test } from 'vitest'
import { areThere, diagnosed, type Known, scenarioNames, type Truth, truthOf } from '../../../tools/labelled.ts'
import type { DiagnosisDocument, Incident } from './report/document.ts'

interface Scenario {
  name: string
  truth: Truth
  document: DiagnosisDocument
}

/** One failure and what was said of it: null when nothing was. */
interface Answer {
  where: string
  known: Known
  said: Incident | null
}

const isClientHidden = ({ client, client_leg }: Known): boolean => client === null || client_leg !== undefined

/** The same failure: on the client leg where that can be read, else on the upstream leg. */
function isSame(known: Known, said: Incident): boolean {
  if (!isClientHidden(known)) return said.client === known.client && (said.path ?? known.path) === known.path
  return said.upstream === known.upstream && said.proxyBack === known.proxy_back
}

/** Pairs what is known with what was said, each once; what is left over was said of nothing. */
function answersOf({ name, truth, document }: Scenario): { answers: Answer[]; invented: Incident[] } {
  const left = new Set(document.incidents)
  const take = (known: Known): Incident | null => {
    const found = [...left].find((said) => isSame(known, said)) ?? null
    if (found !== null) left.delete(found)
    return found
  }
  const answers = truth.incidents.map((known) => ({
    where: `${name} ${known.client ?? '?'} ${known.path}`,
    known,
    said: take(known),
  }))
  for (const known of truth.optional ?? []) take(known)
  return { answers, invented: [...left] }
}

const hasRightCause = ({ known, said }: Answer): boolean => said !== null && known.accept.includes(said.cause)

const hasRightStatus = ({ known, said }: Answer): boolean =>
  said !== null && (isClientHidden(known) || said.status === known.status)

/** Without a capture of the upstream leg, its endpoints are the lab's knowledge alone. */
const isUpstreamShown = ({ cause }: Known): boolean => cause !== 'undetermined'

function hasRightAddresses({ known, said }: Answer): boolean {
  if (said === null) return false
  const pairs: [string | null, string | null][] = []
  if (!isClientHidden(known)) pairs.push([known.client, said.client], [known.proxy_front, said.proxyFront])
  if (isUpstreamShown(known)) pairs.push([known.proxy_back, said.proxyBack], [known.upstream, said.upstream])
  return pairs.every(([truth, ours]) => truth === null || truth === ours)
}

function hasRightAttempts({ known, said }: Answer): boolean {
  if (said === null) return false
  if (!isUpstreamShown(known)) return true
  const [truth, ours] = [known.attempts, said.attempts].map((tries) => tries.map(({ upstream }) => upstream))
  return truth.length === 0 || truth.join(' then ') === ours.join(' then ')
}

const told = ({ where, known, said }: Answer): string =>
  `${where}: ${known.accept.join(' or ')}; said ${said === null ? 'nothing' : `${said.cause} (${said.confidence})`}`

describe.skipIf(!areThere)('over labelled captures', () => {
  const scenarios: Scenario[] = []
  let answers: Answer[] = []
  let invented: string[] = []

  beforeAll(async () => {
    for (const name of scenarioNames()) scenarios.push({ name, truth: truthOf(name), document: await diagnosed(name) })
    const judged = scenarios.map((one) => answersOf(one))
    answers = judged.flatMap((one) => one.answers)
    invented = judged.flatMap((one, i) => one.invented.map((said) => `${scenarios[i].name}: ${said.cause}`))
  }, 120_000)

  test('there is something to judge', () => {
    expect(scenarios.length).toBeGreaterThan(100)
    expect(answers.length).toBeGreaterThan(150)
  })

  test('no incident is invented', () => {
    expect(invented).toEqual([])
  })

  test('nothing that is said to be certain is wrong', () => {
    const wrong = answers.filter((answer) => answer.said?.confidence === 'certain' && !hasRightCause(answer))
    expect(wrong.map(told)).toEqual([])
  })

  test.each([
    [0.99, 'the right cause', hasRightCause],
    [1, 'the status that the client got', hasRightStatus],
    [0.99, 'the right addresses', hasRightAddresses],
    [0.99, 'the right attempts in the right order', hasRightAttempts],
  ])('%d of all failures or more have %s', (share, _, isRight) => {
    const wrong = answers.filter((answer) => !isRight(answer)).map(told)
    expect(wrong.length, `wrong:\n${wrong.join('\n')}`).toBeLessThanOrEqual(answers.length * (1 - share))
  })

  test('every answer but "undetermined" points at frames', () => {
    const bare = answers.filter(
      ({ said }) => said !== null && said.cause !== 'undetermined' && said.findings.every((f) => f.frames.length === 0),
    )
    expect(bare.map(told)).toEqual([])
  })
})
