// A key log makes an answer more exact and never another one: over labelled captures that have one, with it and without.
import { describe, expect, test } from 'vitest'
import { areThere, diagnosed, scenarioNames, truthOf } from '../../../tools/labelled.ts'
import type { Incident } from './report/document.ts'

/** The same failure: by the client's connection, or, where that leg cannot be read, by the one to the upstream. */
const isSame = (a: Incident, b: Incident): boolean =>
  a.client !== null && b.client !== null
    ? a.client === b.client && (a.path ?? b.path) === (b.path ?? a.path)
    : a.upstream === b.upstream && a.proxyBack === b.proxyBack

/** What the answer without keys says that the one with keys does not. */
function contradictions(without: Incident[], withKeys: Incident[]): string[] {
  return without.flatMap((blind): string[] => {
    const told = `${blind.client} ${blind.path}: ${blind.cause} (${blind.confidence})`
    const seeing = withKeys.find((one) => isSame(one, blind))
    if (seeing === undefined) return [`${told}; with keys no incident`]
    if (blind.cause === seeing.cause || (blind.cause === 'undetermined' && blind.confidence !== 'certain')) return []
    return [`${told}; with keys ${seeing.cause} (${seeing.confidence})`]
  })
}

describe.skipIf(!areThere)('without keys the answer is the same or more general', () => {
  const names = scenarioNames().filter((name) => truthOf(name).keylog !== undefined)

  test('there are key logs', () => {
    expect(names.length).toBeGreaterThanOrEqual(3)
  })

  test.each(names)('%s', async (name) => {
    const [withKeys, without] = [(await diagnosed(name)).incidents, (await diagnosed(name, false)).incidents]
    expect(contradictions(without, withKeys)).toEqual([])
    // A failure may go unnoticed only where nobody can read what the client was answered.
    const unnoticed = withKeys.filter((one) => !without.some((blind) => isSame(one, blind)))
    expect(truthOf(name).incidents.some(({ client_leg }) => client_leg !== undefined) ? [] : unnoticed).toEqual([])
  })
})
