// Paints a time-sequence plot into the canvas of uPlot, which has done axes and grid.
import type uPlot from 'uplot'
import { type InkName, DECIDING, HANGS, isHanging, LINES, LOST, SEGMENTS, type Sign, signOf } from './shapes.ts'
import type { Place, Segment, Step, TimeSequence } from './time-sequence-data.ts'

export type Inks = { readonly [name in InkName]: string }

/** Bars are at least so many pixels high: a segment of one byte is seen beside one of a megabyte. */
const LOWEST = 4

/** What changes from one painting to the next. */
export interface Painting {
  plot: TimeSequence
  inks: Inks
  /** The place that the cursor is at. */
  active: Place | null
}

/** Paints in CSS pixels; `u.ctx` has those of the device. */
export function paint(u: uPlot, { plot, inks, active }: Painting): void {
  const { ctx, bbox } = u
  const ratio = ctx.canvas.width / u.width
  const area = {
    left: bbox.left / ratio,
    top: bbox.top / ratio,
    width: bbox.width / ratio,
    height: bbox.height / ratio,
  }
  ctx.save()
  ctx.scale(ratio, ratio)
  ctx.beginPath()
  ctx.rect(area.left, area.top, area.width, area.height)
  ctx.clip()
  const x = (seconds: number): number => area.left + u.valToPos(seconds, 'x')
  const y = (position: number): number => area.top + u.valToPos(position, 'y')
  const brush = new Brush(ctx, inks, area, x, y)
  if (plot.omitted !== null) brush.hatched(plot.omitted.from, plot.omitted.to)
  brush.stairs(plot.window, LINES.window, 1.5)
  brush.stairs(plot.acknowledged, LINES.acknowledged, 1.75)
  for (const { seconds, label } of plot.moments) brush.moment(seconds, label)
  for (const { seconds, from, to } of plot.sacks) brush.sack(seconds, from, to)
  for (const segment of plot.segments) brush.segment(segment)
  for (const mark of plot.marks) {
    const [px, py] = [x(mark.seconds), y(mark.at) + (isHanging(mark) ? HANGS : 0)]
    brush.sign(signOf(mark), px, py)
    if (mark.isLost) brush.sign(LOST, px + 7, py - 7)
    if (mark.isDeciding) brush.sign(DECIDING, px, y(mark.at))
  }
  if (active !== null && active.at !== null) brush.ring(x(active.seconds), y(active.at))
  ctx.restore()
}

interface Area {
  left: number
  top: number
  width: number
  height: number
}

class Brush {
  readonly #ctx: CanvasRenderingContext2D
  readonly #inks: Inks
  readonly #area: Area
  readonly #x: (seconds: number) => number
  readonly #y: (position: number) => number

  constructor(
    ctx: CanvasRenderingContext2D,
    inks: Inks,
    area: Area,
    x: (seconds: number) => number,
    y: (position: number) => number,
  ) {
    this.#ctx = ctx
    this.#inks = inks
    this.#area = area
    this.#x = x
    this.#y = y
    ctx.lineJoin = 'round'
  }

  /** From step to step, level up to the next; the last one goes on to the edge. */
  stairs(steps: readonly Step[], { ink, dash = [] }: Sign, width: number): void {
    if (steps.length === 0) return
    const ctx = this.#ctx
    ctx.beginPath()
    // Far outside of the canvas numbers lose their digits.
    const { left, width: wide, top, height } = this.#area
    const clampX = (v: number): number => Math.min(Math.max(v, left - 10), left + wide + 10)
    const clampY = (v: number): number => Math.min(Math.max(v, top - 10), top + height + 10)
    steps.forEach(({ seconds, value }, i) => {
      const [px, py] = [clampX(this.#x(seconds)), clampY(this.#y(value))]
      if (i === 0) ctx.moveTo(px, py)
      else ctx.lineTo(px, clampY(this.#y(steps[i - 1]!.value)))
      ctx.lineTo(px, py)
    })
    ctx.lineTo(left + wide + 10, clampY(this.#y(steps.at(-1)!.value)))
    ctx.setLineDash(dash)
    ctx.strokeStyle = this.#inks[ink]
    ctx.lineWidth = width
    ctx.stroke()
    ctx.setLineDash([])
  }

  sack(seconds: number, from: number, to: number): void {
    const ctx = this.#ctx
    const px = this.#x(seconds)
    ctx.strokeStyle = this.#inks.sack
    ctx.lineWidth = 1.25
    ctx.setLineDash([1.5, 2.5])
    this.#line(px, this.#y(from), px, this.#y(to))
    ctx.setLineDash([])
    this.#line(px - 4, this.#y(to), px + 4, this.#y(to))
  }

  segment({ seconds, from, to, kind, isLost, isDeciding }: Segment): void {
    const ctx = this.#ctx
    const sign = SEGMENTS[kind]
    const px = this.#x(seconds)
    let [bottom, top] = [this.#y(from), this.#y(to)]
    if (bottom - top < LOWEST) [bottom, top] = [(bottom + top) / 2 + LOWEST / 2, (bottom + top) / 2 - LOWEST / 2]
    ctx.strokeStyle = this.#inks[sign.ink]
    ctx.fillStyle = this.#inks.ground
    ctx.lineWidth = 1.75
    switch (kind) {
      case 'data':
        this.#line(px, bottom, px, top)
        this.#caps(px, [bottom, top])
        break
      case 'retransmission':
        ctx.beginPath()
        ctx.rect(px - 3.5, top, 7, bottom - top)
        ctx.fill()
        ctx.stroke()
        break
      case 'out-of-order': {
        const rungs = Math.max(1, Math.round((bottom - top) / 4))
        this.#caps(
          px,
          Array.from({ length: rungs + 1 }, (_, i) => bottom + ((top - bottom) * i) / rungs),
        )
        break
      }
      case 'probe':
        this.sign(sign, px, (bottom + top) / 2)
    }
    if (isLost) this.sign(LOST, px, top)
    if (isDeciding) this.sign(DECIDING, px, top)
  }

  sign({ path, fill, ink, dash = [] }: Sign, px: number, py: number): void {
    const ctx = this.#ctx
    ctx.save()
    ctx.translate(px, py)
    const shape = new Path2D(path)
    ctx.strokeStyle = this.#inks[ink]
    ctx.fillStyle = fill === 'ink' ? this.#inks[ink] : this.#inks.ground
    ctx.setLineDash(dash)
    ctx.lineWidth = 1.75
    // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- a canvas is no array
    if (fill !== 'none') ctx.fill(shape)
    ctx.stroke(shape)
    ctx.restore()
  }

  /** A vertical line with its words, at the bottom, where least is, and on the side where there is room for them. */
  moment(seconds: number, label: string): void {
    const ctx = this.#ctx
    const { left, top, width, height } = this.#area
    const px = this.#x(seconds)
    if (px < left - 1 || px > left + width + 1) return
    ctx.strokeStyle = this.#inks.moment
    ctx.lineWidth = 1.5
    ctx.setLineDash(LINES.moment.dash!)
    this.#line(px, top, px, top + height)
    ctx.setLineDash([])
    const wide = ctx.measureText(label).width + 8
    const isLeft = px + wide + 6 > left + width
    const at = Math.max(left, isLeft ? px - wide - 4 : px + 4)
    ctx.fillStyle = this.#inks.ground
    ctx.fillRect(at, top + height - 21, wide, 18)
    ctx.fillStyle = this.#inks.moment
    ctx.textAlign = 'left'
    ctx.textBaseline = 'middle'
    ctx.fillText(label, at + 4, top + height - 12)
  }

  /** Where packets were not kept nothing is drawn, and nothing is known. */
  hatched(from: number, to: number): void {
    const ctx = this.#ctx
    const { left, top, width, height } = this.#area
    const begin = Math.max(left, this.#x(from))
    const end = Math.min(left + width, this.#x(to))
    if (end <= begin) return
    ctx.save()
    ctx.beginPath()
    ctx.rect(begin, top, end - begin, height)
    ctx.clip()
    ctx.strokeStyle = this.#inks.grid
    ctx.lineWidth = 1
    for (let at = begin - height; at < end; at += 8) this.#line(at, top + height, at + height / 2, top)
    ctx.restore()
  }

  ring(px: number, py: number): void {
    const ctx = this.#ctx
    ctx.beginPath()
    ctx.arc(px, py, 9, 0, 2 * Math.PI)
    ctx.strokeStyle = this.#inks.deciding
    ctx.lineWidth = 2
    ctx.stroke()
  }

  #line(x0: number, y0: number, x1: number, y1: number): void {
    const ctx = this.#ctx
    ctx.beginPath()
    ctx.moveTo(x0, y0)
    ctx.lineTo(x1, y1)
    ctx.stroke()
  }

  #caps(px: number, heights: readonly number[]): void {
    for (const py of heights) this.#line(px - 3, py, px + 3, py)
  }
}
