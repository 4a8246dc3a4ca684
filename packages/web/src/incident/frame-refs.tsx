// Frames that a sentence rests on: buttons that open them, by capture.
import { type FrameRef, plural } from '@pcap-surgery/core'
import { type ReactNode, useState } from 'react'
import { useCaptureNames } from '../parts/capture-names.ts'
import parts from '../parts/parts.module.css'
import { bringIntoView, keyOf, openFrame, pointing, useOpenFrame } from './links.ts'

/** More than these are shown when asked for. */
const SHOWN = 6

export function FrameRefs({ frames }: { frames: readonly FrameRef[] }): ReactNode {
  const [isAll, showAll] = useState(false)
  const captureName = useCaptureNames()
  const open = useOpenFrame()
  if (frames.length === 0) return null
  const shown = isAll ? frames : frames.slice(0, SHOWN)
  const ids = [...new Set(shown.map(({ capture }) => capture))]
  return (
    <>
      {ids.map((capture) => {
        const name = captureName(capture)
        return (
          <span key={capture} className={parts.frames}>
            <span className={parts.source}>{name}</span>
            {shown
              .filter((ref) => ref.capture === capture)
              .map((ref) => (
                <button
                  key={keyOf(ref)}
                  type="button"
                  className={parts.frame}
                  aria-label={`Frame ${ref.frame} of ${name}`}
                  aria-current={open !== null && keyOf(open) === keyOf(ref)}
                  {...pointing([ref])}
                  onClick={() => {
                    bringIntoView([ref])
                    openFrame(ref)
                  }}
                >
                  #{ref.frame}
                </button>
              ))}
          </span>
        )
      })}
      {shown.length < frames.length && (
        <button type="button" className={parts.more} onClick={() => showAll(true)}>
          {plural(frames.length - shown.length, 'more frame')}
        </button>
      )}
    </>
  )
}
