import fc from 'fast-check'
import { expect, test } from 'vitest'
import { OpenRequests, RequestGroups } from './open-requests.ts'
import type { Roles } from './requests.ts'

const SLACK_NS = 5e6

test('finds those in whose time a moment lies, the latest first, be they few or many', () => {
  const ms = fc.integer({ min: 0, max: 100 })
  fc.assert(
    fc.property(fc.array(fc.tuple(ms, ms), { maxLength: 40 }), ms, (lasting, moment) => {
      const spans = lasting
        .toSorted(([a], [b]) => a - b)
        .map(([at, length]) => [at * 1e6, (at + length) * 1e6] as const)
      const start = Float64Array.from(spans, ([from]) => from)
      const until = Float64Array.from(spans, ([, to]) => to)
      const requests = { start, until } as unknown as Roles['requests']
      const time = moment * 1e6
      const isOpen = (row: number): boolean => start[row]! <= time + SLACK_NS && until[row]! >= time - SLACK_NS
      const rows = [...spans.keys()]
      const roles = { requests, count: rows.length } as Roles
      const open = rows.filter(isOpen).toReversed()
      expect(new OpenRequests(roles, rows).at(time)).toEqual(open)
      // Every third one is of another group.
      const groups = new RequestGroups(roles)
      for (const row of rows) groups.add(row % 3 === 0 ? '/a' : '/b', row)
      const [a, b] = ['/a', '/b'].map((key) => groups.get(key)?.at(time) ?? [])
      expect(a).toEqual(open.filter((row) => row % 3 === 0))
      expect(b).toEqual(open.filter((row) => row % 3 !== 0))
    }),
  )
})
