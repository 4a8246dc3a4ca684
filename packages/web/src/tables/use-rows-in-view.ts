// Which rows are in view, and where they stand: the part of the row window that scrolls.
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import { endOf, type Extent, moved, spaceOf, toBar } from './scroll-scale.ts'

/** Rows that are drawn before and behind those in view. */
const OVERSCAN = 8
/** The first row drawn changes by so many at once: most scroll events then draw nothing. */
const STEP = 4
/** After so long without scrolling the bar is put to where it belongs, which nobody sees. */
const SETTLED_MS = 160

/** Rows to be drawn, `first` to before `last`; the top of row `n` in the space is `n * height - offset`. */
export interface Span {
  first: number
  last: number
  offset: number
}

export interface RowsInView {
  /** What scrolls. */
  viewport: RefObject<HTMLDivElement | null>
  span: Span
  /** Pixels that the space takes. */
  space: number
  /** Whole rows that fit into the view. */
  fitting: number
  /** Inner width of the viewport in pixels. */
  width: number
  onScroll: () => void
  /** Scrolls as far as needed for a row to be in view. */
  reveal: (row: number) => void
}

/**
 * Of rows of `height` pixels each, in a viewport with a head of `head` pixels that stays on top. Other `rows`, as after
 * sorting, are shown from the first.
 */
export function useRowsInView(rows: { count: number }, height: number, head: number): RowsInView {
  const { count } = rows
  const viewport = useRef<HTMLDivElement>(null)
  const [size, setSize] = useState({ width: 0, height: 0 })
  const [span, setSpan] = useState<Span>({ first: 0, last: 0, offset: 0 })
  const place = useRef({ at: 0, bar: 0 })
  const settling = useRef<ReturnType<typeof setTimeout>>(undefined)
  const view = Math.max(height, size.height - head)

  const show = useCallback((): void => {
    const { at, bar } = place.current
    const top = Math.floor(at / height)
    const first = Math.max(0, Math.floor((top - OVERSCAN) / STEP) * STEP)
    const last = Math.min(count, Math.ceil((top + view / height + OVERSCAN) / STEP) * STEP)
    const offset = Math.round(at - bar)
    setSpan((now) =>
      now.first === first && now.last === last && now.offset === offset ? now : { first, last, offset },
    )
  }, [count, height, view])

  const scrollTo = useCallback(
    (at: number): void => {
      const element = viewport.current
      if (element === null) return
      const extent: Extent = { total: count * height, view }
      place.current.at = Math.min(endOf(extent), Math.max(0, at))
      element.scrollTo(0, Math.round(toBar(extent, place.current.at)))
      place.current.bar = element.scrollTop
      show()
    },
    [count, height, view, show],
  )

  const onScroll = useCallback((): void => {
    const bar = viewport.current!.scrollTop
    const { current } = place
    current.at = moved({ total: count * height, view }, current.at, current.bar, bar)
    current.bar = bar
    show()
    clearTimeout(settling.current)
    settling.current = setTimeout(() => flushSync(() => scrollTo(current.at)), SETTLED_MS)
  }, [count, height, view, show, scrollTo])

  const reveal = useCallback(
    (row: number): void => {
      const { at } = place.current
      if (row * height < at) scrollTo(row * height)
      else if ((row + 1) * height > at + view) scrollTo((row + 1) * height - view)
    },
    [height, view, scrollTo],
  )

  useLayoutEffect(() => {
    const element = viewport.current!
    const measure = (): void => setSize({ width: element.clientWidth, height: element.clientHeight })
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [])

  // Where rows have another height the one on top stays there as far as it can.
  const shown = useRef({ rows, height })
  useLayoutEffect(() => {
    const before = shown.current
    scrollTo(before.rows === rows ? (place.current.at / before.height) * height : 0)
    shown.current = { rows, height }
  }, [scrollTo, rows, height])
  useEffect(() => () => clearTimeout(settling.current), [])

  return {
    viewport,
    span,
    space: spaceOf({ total: count * height, view }),
    fitting: Math.max(1, Math.floor(view / height)),
    width: size.width,
    onScroll,
    reveal,
  }
}
