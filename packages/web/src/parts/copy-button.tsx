// Puts a text on the clipboard, and says so in its place.
import Check from 'lucide-react/icons/check'
import Copy from 'lucide-react/icons/copy'
import { type ReactNode, useEffect, useState } from 'react'
import styles from './parts.module.css'

/** How long it says that it has. */
const SAID_MS = 1600

export interface CopyButtonProps {
  /** What is copied, asked for when it is. */
  text: string | (() => string)
  /** What the button says. */
  children: ReactNode
  /** Where the words alone do not say of what: `Copy the filter of proxy.pcap`. */
  label?: string
}

export function CopyButton({ text, children, label }: CopyButtonProps): ReactNode {
  const [said, say] = useState<'' | 'Copied' | 'Could not copy'>('')
  useEffect(() => {
    if (said === '') return
    const timer = setTimeout(() => say(''), SAID_MS)
    return () => clearTimeout(timer)
  }, [said])
  const copy = async (): Promise<void> => {
    say((await copied(typeof text === 'string' ? text : text())) ? 'Copied' : 'Could not copy')
  }
  return (
    <button type="button" className={styles.button} aria-label={label} title={label} onClick={() => void copy()}>
      {said === 'Copied' ? <Check className={styles.icon} aria-hidden /> : <Copy className={styles.icon} aria-hidden />}
      {/* Both texts lie in one place, so that nothing moves. */}
      <span className={styles.swap} data-said={said !== ''}>
        <span>{children}</span>
        <span role="status">{said}</span>
      </span>
    </button>
  )
}

/** The clipboard of a page that is not secure (a plain file in some browsers) takes a selected text. */
async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const field = document.createElement('textarea')
    field.value = text
    field.setAttribute('readonly', '')
    field.className = styles.offscreen!
    const before = document.activeElement
    document.body.append(field)
    field.select()
    const done = document.execCommand('copy')
    field.remove()
    if (before instanceof HTMLElement) before.focus()
    return done
  }
}
