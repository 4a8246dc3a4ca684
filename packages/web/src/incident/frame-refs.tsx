// Frames that a sentence rests on: buttons that open them, by capture.
import type { FrameRef } from '@pcap-surgery/core'
import { type ReactNode, useState } from 'react'
import { plural } from '../parts/duration.ts'
import { visible } from '../parts/text.ts'
import parts from '../parts/parts.module.css'
import { usePage } from '../state.ts'
import { bringIntoView, keyOf, openFrame, pointing, useOpenFrame } from './links.ts'

/** More than these are shown when asked for. */
const SHOWN = 6

export function FrameRefs({ frames }: { frames: readonly FrameRef[] }): ReactNode {
  const [isAll, showAll] = useState(false)
  const captures = usePage((page) => page.opened!.document!.captures)
  const open = useOpenFrame()
  if (frames.length === 0) return null
  const shown = isAll ? frames : frames.slice(0, SHOWN)
  const ids = [...new Set(shown.map(({ capture }) => capture))]
  return (
    <>
      {ids.map((capture) => {
        const file = visible(captures[capture]?.file ?? `capture ${capture}`)
        return (
          <span key={capture} className={parts.frames}>
            <span className={parts.source}>{shortName(file)}</span>
            {shown
              .filter((ref) => ref.capture === capture)
              .map((ref) => (
                <button
                  key={keyOf(ref)}
                  type="button"
                  className={parts.frame}
                  aria-label={`Frame ${ref.frame} of ${file}`}
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

/** A file's name without its path and the endings that all captures have. */
export const shortName = (file: string): string =>
  file.replace(/^.*[/\\]/, '').replace(/\.(?:pcap|pcapng|cap|dmp)?(?:\.(?:gz|zst|lz4))?$/i, '') || file
