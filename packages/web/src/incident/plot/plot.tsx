// The plot as a part of the incident's view: it stands on the packet that the ladder stands on, and opens frames.
import type { FrameRef, Ladder } from '@pcap-surgery/core'
import type { ReactNode } from 'react'
import { bringIntoView, keyOf, openFrame, useLinks, useOpenFrame } from '../links.ts'
import styles from './plot.module.css'
import { TimeSequenceView } from './time-sequence.tsx'

/** As high as the plot will be, so that nothing below it jumps. */
export const PlotToCome = (): ReactNode => <div className={styles.toCome} />

export function Plot({ ladder, captureName }: { ladder: Ladder; captureName: (id: number) => string }): ReactNode {
  const current = useLinks((links) => links.current)
  const open = useOpenFrame()
  const keys = open === null ? current : new Set([keyOf(open)])
  const selected = ladder.arrows.findIndex(({ frames }) => frames.some((ref) => keys.has(keyOf(ref))))
  const show = (arrow: number): void => {
    const { frames } = ladder.arrows[arrow]!
    const same = frames.find(({ capture }) => capture === open?.capture)
    bringIntoView(frames)
    if (frames[0] !== undefined) openFrame(same ?? frames[0])
  }
  const nameFrame = ({ capture, frame }: FrameRef): string => `${captureName(capture)} #${frame}`
  return (
    <TimeSequenceView ladder={ladder} selected={selected < 0 ? null : selected} onSelect={show} nameFrame={nameFrame} />
  )
}
