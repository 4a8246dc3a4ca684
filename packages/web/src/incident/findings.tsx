// What the verdict rests on, beside the ladder: pointing at a finding marks its packets, and the packet one stands on
// marks the findings that cite it.
import { type Finding, visible } from '@pcap-surgery/core'
import { type ReactNode, useEffect, useRef } from 'react'
import { FrameRefs } from './frame-refs.tsx'
import styles from './incident.module.css'
import { bringIntoView, keyOf, pointing, useLinks } from './links.ts'

export function Findings({ findings }: { findings: readonly Finding[] }): ReactNode {
  return (
    <ol className={styles.findings}>
      {findings.map((finding, i) => (
        <Item key={finding.text} finding={finding} isDeciding={i === 0} />
      ))}
    </ol>
  )
}

function Item({ finding, isDeciding }: { finding: Finding; isDeciding: boolean }): ReactNode {
  const isCited = useLinks(({ current }) => finding.frames.some((ref) => current.has(keyOf(ref))))
  const { text, frames } = finding
  const item = useRef<HTMLLIElement>(null)
  useEffect(() => {
    if (isCited) scrollIntoView(item.current!)
  }, [isCited])
  return (
    <li ref={item} className={styles.finding} data-cited={isCited}>
      <button
        type="button"
        className={styles.findingText}
        disabled={frames.length === 0}
        onClick={() => bringIntoView(frames)}
        {...pointing(frames)}
      >
        {isDeciding && <span className={styles.decides}>decides</span>}
        {visible(text)}
      </button>
      <FrameRefs frames={frames} />
      {isCited && <span className={styles.cites}>cites this packet</span>}
    </li>
  )
}

/** Within the findings' own column alone: the page stays, for one is at the ladder. */
function scrollIntoView(item: HTMLElement): void {
  const column = item.closest(`.${styles.side}`)
  if (column === null || column.scrollHeight <= column.clientHeight) return
  const [inner, outer] = [item.getBoundingClientRect(), column.getBoundingClientRect()]
  if (inner.bottom > outer.bottom) column.scrollTop += inner.bottom - outer.bottom
  if (inner.top < outer.top) column.scrollTop += inner.top - outer.top
}
