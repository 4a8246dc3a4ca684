import { expect, test } from 'vitest'
import { RowPages } from './row-pages.ts'

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

test('pages are fetched once, and rows are where they belong', async () => {
  const asked: number[] = []
  const pages = new RowPages(1000, async (from, count) => {
    asked.push(from)
    return Array.from({ length: Math.min(count, 1000 - from) }, (_, i) => from + i)
  })
  expect(pages.get(990)).toBeUndefined()
  pages.want(980, 1000)
  pages.want(980, 1020)
  await settled()
  expect([pages.get(990), pages.get(999), pages.get(1000), pages.get(0)]).toEqual([990, 999, undefined, undefined])
  pages.want(985, 1000)
  await settled()
  expect(asked).toEqual([896])
})

test('of what is scrolled past only what was begun is fetched', async () => {
  const asked: number[] = []
  const pages = new RowPages(1e6, async (from) => {
    asked.push(from)
    await settled()
    return [from]
  })
  for (let at = 0; at < 1e6; at += 10_000) pages.want(at, at + 50)
  while (pages.get(Math.floor(990_000 / 128) * 128) === undefined) await settled()
  expect(asked.length).toBeLessThan(6)
})

test('what failed is asked for again', async () => {
  let isDown = true
  const pages = new RowPages(10, async () => {
    if (isDown) throw new Error('down')
    return ['row']
  })
  pages.want(0, 10)
  await settled()
  isDown = false
  pages.want(0, 10)
  await settled()
  expect(pages.get(0)).toBe('row')
})
