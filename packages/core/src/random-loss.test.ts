// Labelled captures of which one lost packets here and there: fewer causes may be told, but none wrongly for certain,
// and no failure that never was.
import { describe, expect, test } from 'vitest'
import { areThere, diagnosed, scenarioNames, truthOf } from '../../../tools/labelled.ts'
import type { Incident } from './report/document.ts'

/** One packet in so many is lost. */
const ONE_IN = 50

/** Mulberry32: the same captures lose the same packets in every run. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const legs = ({ client, proxyBack, upstream }: Incident): string => `${client} ${proxyBack} ${upstream}`

describe.skipIf(!areThere)('one packet in fifty lost', () => {
  test.each([0, 1, 2])(
    'in capture %i of every scenario',
    async (which) => {
      const wrong: string[] = []
      for (const name of scenarioNames()) {
        const truth = truthOf(name)
        if (which >= truth.captures.length) continue
        const random = numbers(which + 1)
        const lose = { file: truth.captures[which].file, isLost: () => random() * ONE_IN < 1 }
        const { incidents } = await diagnosed(name, true, lose)
        const known = [...truth.incidents, ...(truth.optional ?? [])]
        for (const said of incidents) {
          const real = known.find(
            (k) => k.client === said.client && (k.path === said.path || said.path === null || !k.path),
          )
          const same = real ?? known.find((k) => k.proxy_back === said.proxyBack && k.upstream === said.upstream)
          if (same === undefined) wrong.push(`${name}: invented ${said.cause} of ${legs(said)}`)
          else if (said.confidence === 'certain' && !same.accept.includes(said.cause))
            wrong.push(`${name}: ${same.cause} was called ${said.cause} (certain)`)
        }
      }
      expect(wrong).toEqual([])
    },
    120_000,
  )
})
