import { expect, test } from 'vitest'
import { type GridColumn, layoutOf } from './layout.ts'

const column = (id: string, width: number, yields: number): GridColumn<string> => ({
  id,
  label: id,
  width,
  yields,
  text: (row) => row,
})
const columns = [column('a', 10, 0), column('b', 20, 2), column('c', 20, 1), column('d', 20, 2)]
const shown = (width: number): string[] =>
  layoutOf(columns, [['c'], ['a', 'nothing']], width).lines.map((line) => line.map(({ id }) => id).join(''))

test('what matters least folds away first, and where a row takes two lines they are its own', () => {
  expect(shown(2000)).toEqual(['abcd'])
  expect(shown(580)).toEqual(['ac'])
  expect(shown(360)).toEqual(['c', 'a'])
})
