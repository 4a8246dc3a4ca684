// uPlot as far as it is used: axes, grid, cursor and selection. Its series are never shown; `paint` draws.
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { Extent } from './extent.ts'
import { type Inks, paint, type Painting } from './draw.ts'
import type { Place } from './time-sequence-data.ts'

/** How close the pointer must come to a packet, in pixels. */
const NEAR = 48

/** One, two or five of a power of ten, so that labels need few digits. */
const stepsOf = (least: number, most: number): number[] =>
  Array.from({ length: most - least + 1 }, (_, i) => [1, 2, 5].map((digit) => Number(`${digit}e${least + i}`))).flat()

const STEPS = stepsOf(-9, 5)
const WHOLE_STEPS = stepsOf(0, 9)

/** What the chart tells. */
export interface ChartEvents {
  /** The pointer is at a packet, or at none. */
  pointed(place: Place | null): void
  chosen(place: Place): void
  /** A stretch of time was dragged over. */
  dragged(from: number, to: number): void
  reset(): void
}

export interface Chart {
  show(extent: Extent, painting: Painting): void
  resize(width: number, height: number): void
  destroy(): void
}

const kept = (_: uPlot, min: number, max: number): [number, number] => [min, max]

/** Puts a chart into `host`, which has a size of its own. */
export function createChart(host: HTMLElement, extent: Extent, first: Painting, events: ChartEvents): Chart {
  let painting = first
  const font = `12px ${getComputedStyle(host).fontFamily}`
  const ink = (name: keyof Inks) => (): string => painting.inks[name]
  const axis = {
    font,
    labelFont: font,
    stroke: ink('soft'),
    grid: { stroke: ink('grid'), width: 1 },
    ticks: { stroke: ink('grid'), width: 1 },
  }
  const u = new uPlot(
    {
      width: Math.max(1, host.clientWidth),
      height: Math.max(1, host.clientHeight),
      legend: { show: false },
      padding: [8, 12, 0, 0],
      scales: {
        x: { time: false, auto: false, min: extent.from, max: extent.to, range: kept },
        y: { auto: false, min: extent.low, max: extent.high, range: kept },
      },
      axes: [
        {
          ...axis,
          label: 'seconds after the client’s request',
          labelSize: 20,
          size: 32,
          incrs: STEPS,
          space: 72,
          values: inSeconds,
        },
        {
          ...axis,
          label: 'sequence number, relative',
          labelSize: 20,
          size: (_, values) => 20 + 7.2 * Math.max(3, ...(values ?? []).map((text) => text.length)),
          incrs: WHOLE_STEPS,
          space: 28,
          values: (_, splits) => splits.map((at) => (at < 0 ? '' : at.toLocaleString('en-US'))),
        },
      ],
      series: [{}, { paths: () => null, points: { show: false } }],
      cursor: {
        points: { show: false },
        drag: { x: true, y: false, setScale: false },
        bind: { dblclick: () => () => (events.reset(), null) },
      },
      hooks: {
        draw: [(self) => paint(self, painting)],
        setSelect: [
          (self) => {
            const { left, width } = self.select
            if (width < 4) return
            self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
            events.dragged(self.posToVal(left, 'x'), self.posToVal(left + width, 'x'))
          },
        ],
      },
    },
    [
      [extent.from, extent.to],
      [extent.low, extent.high],
    ],
    host,
  )
  u.over.addEventListener('pointermove', (event) => events.pointed(placeAt(u, painting, event)))
  u.over.addEventListener('pointerleave', () => events.pointed(null))
  u.over.addEventListener('click', (event) => {
    const place = placeAt(u, painting, event)
    if (place !== null) events.chosen(place)
  })
  return {
    show(shown, next) {
      painting = next
      u.batch(() => {
        u.setScale('x', { min: shown.from, max: shown.to })
        u.setScale('y', { min: shown.low, max: shown.high })
      })
      u.redraw(false, true)
    },
    resize: (width, height) => u.setSize({ width, height }),
    destroy: () => u.destroy(),
  }
}

/** The packet nearest to the pointer, in pixels. */
function placeAt(u: uPlot, { plot }: Painting, { offsetX: left, offsetY: top }: MouseEvent): Place | null {
  let nearest: Place | null = null
  let least = NEAR
  for (const place of plot.places) {
    if (place.at === null) continue
    const distance = Math.hypot(u.valToPos(place.seconds, 'x') - left, u.valToPos(place.at, 'y') - top)
    if (distance < least) [nearest, least] = [place, distance]
  }
  return nearest
}

/** As many decimals as the distance of the ticks asks for. */
function inSeconds(_: uPlot, splits: number[], __: number, ___: number, step: number): string[] {
  const decimals = Math.min(9, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)))
  return splits.map((at) => at.toFixed(decimals))
}
