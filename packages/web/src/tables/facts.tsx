// All that is known of one row, at the side.
import { visible } from '@pcap-surgery/core'
import { Dialog } from '@base-ui/react/dialog'
import X from 'lucide-react/icons/x'
import { type ReactNode, useEffect, useState } from 'react'
import { CopyButton } from '../parts/copy-button.tsx'
import { fragmentOf, HOME } from '../place.ts'
import { client } from '../session/client.ts'
import type { RowFacts, TableName } from '../session/protocol.ts'
import styles from './facts.module.css'

/** `row`: its number; null: closed. */
export function FactsPanel({
  table,
  row,
  onClose,
}: {
  table: TableName
  row: number | null
  onClose: () => void
}): ReactNode {
  const facts = useFacts(table, row)
  return (
    <Dialog.Root
      open={facts !== null}
      onOpenChange={(open) => !open && onClose()}
      modal={false}
      disablePointerDismissal
    >
      <Dialog.Portal>
        <Dialog.Popup className={styles.panel}>{facts !== null && <Facts facts={facts} />}</Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

/** What was shown before stays until the next is there. */
function useFacts(table: TableName, row: number | null): RowFacts | null {
  const [facts, setFacts] = useState<RowFacts | null>(null)
  useEffect(() => {
    if (row === null) return undefined
    let isCurrent = true
    const take = (found: RowFacts | null): void => {
      if (isCurrent) setFacts(found)
    }
    client()
      .call('facts', [table, row])
      .then(take, () => take(null))
    return () => {
      isCurrent = false
    }
  }, [table, row])
  return row === null ? null : facts
}

function Facts({ facts: { title, incident, groups, filters } }: { facts: RowFacts }): ReactNode {
  return (
    <>
      <div className={styles.head}>
        <Dialog.Title className={styles.title}>{visible(title)}</Dialog.Title>
        <Dialog.Close className={styles.button} aria-label="Close">
          <X className={styles.icon} aria-hidden="true" />
        </Dialog.Close>
      </div>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by keys */}
      <div className={styles.body} tabIndex={0} role="group" aria-label="Facts">
        {incident !== null && (
          <a className={styles.incident} href={fragmentOf({ ...HOME, view: 'incident', incident })}>
            Part of incident {visible(incident)}
          </a>
        )}
        {groups.map((group) => (
          <section key={group.title} className={styles.group}>
            <h3 className={styles.heading}>{group.title}</h3>
            <dl className={styles.facts}>
              {group.facts.map(([label, value], i) => (
                // Labels may come more than once: of a list, which does not change.
                // oxlint-disable-next-line react/no-array-index-key
                <div key={i} className={styles.fact}>
                  <dt className={styles.label}>{visible(label, 80)}</dt>
                  <dd className={styles.value}>{visible(value)}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
        <section className={styles.group}>
          <h3 className={styles.heading}>Wireshark display filter</h3>
          {filters.map(({ file, filter }) => (
            <div key={file} className={styles.filter}>
              {filters.length > 1 && <p className={styles.label}>{visible(file)}</p>}
              <code className={styles.code}>{visible(filter)}</code>
              <CopyButton text={filter} label={`Copy the filter of ${visible(file)}`}>
                Copy
              </CopyButton>
            </div>
          ))}
        </section>
      </div>
    </>
  )
}
