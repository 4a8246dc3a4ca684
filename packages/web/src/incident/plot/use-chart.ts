// The chart of a plot as a part of the page that React renders.
import { useCallback, useLayoutEffect, useRef } from 'react'
import { type Chart, createChart } from './chart.ts'
import type { fitted } from './extent.ts'
import { inksOf, onInksChanged } from './inks.ts'
import type { Place, TimeSequence } from './time-sequence-data.ts'

/** A part of the time, in seconds. */
export interface Part {
  from: number
  to: number
}

interface ChartUse {
  plot: TimeSequence
  extent: ReturnType<typeof fitted>
  shown: Place | null
  whole: Part
  onSelect: (arrow: number) => void
  setActive: (place: Place | null) => void
  setPart: (part: Part) => void
  setIsByKey: (isByKey: boolean) => void
}

/** Keeps a chart in the element whose ref it answers: as large as that, and in the colours of the page. */
export function useChart(use: ChartUse): (element: HTMLDivElement | null) => (() => void) | undefined {
  const latest = useRef(use)
  const chart = useRef<{ chart: Chart; repaint: () => void } | null>(null)
  // Whatever the plot was rendered for: it is a few hundred packets.
  useLayoutEffect(() => {
    latest.current = use
    chart.current?.repaint()
  })
  return useCallback((element: HTMLDivElement | null) => {
    if (element === null) return undefined
    let inks = inksOf(element)
    const painting = (): Parameters<Chart['show']>[1] => ({
      plot: latest.current.plot,
      inks,
      active: latest.current.shown,
    })
    const one = createChart(element, latest.current.extent, painting(), {
      pointed: (place) => {
        latest.current.setIsByKey(false)
        latest.current.setActive(place)
      },
      chosen: ({ arrow }) => latest.current.onSelect(arrow),
      dragged: (from, to) => latest.current.setPart({ from, to }),
      reset: () => latest.current.setPart(latest.current.whole),
    })
    const repaint = (): void => one.show(latest.current.extent, painting())
    chart.current = { chart: one, repaint }
    const stop = onInksChanged(() => {
      inks = inksOf(element)
      repaint()
    })
    const observer = new ResizeObserver(() => one.resize(element.clientWidth, element.clientHeight))
    observer.observe(element)
    return () => {
      stop()
      observer.disconnect()
      one.destroy()
      chart.current = null
    }
  }, [])
}
