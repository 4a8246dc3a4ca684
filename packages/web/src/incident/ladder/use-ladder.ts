// The sequence diagram of an incident, asked of the worker.
import type { Ladder } from '@pcap-surgery/core'
import { useEffect, useState } from 'react'
import { client, Failed } from '../../session/client.ts'

export type Drawn = { is: 'loading' } | { is: 'failed'; text: string } | { is: 'drawn'; ladder: Ladder }

const LOADING: Drawn = { is: 'loading' }

/** `document` is the one that the incident is of: ids of another mean another incident. */
export function useLadder(document: object, incident: string): Drawn {
  const [drawn, draw] = useState<{ of: string; document: object; now: Drawn }>({ of: '', document, now: LOADING })
  useEffect(() => {
    let isCurrent = true
    const show = (now: Drawn): void => {
      if (isCurrent) draw({ of: incident, document, now })
    }
    client()
      .call('ladder', [incident])
      .then(
        (ladder) => show({ is: 'drawn', ladder }),
        (error: unknown) => show({ is: 'failed', text: error instanceof Failed ? error.message : String(error) }),
      )
    return () => {
      isCurrent = false
    }
  }, [document, incident])
  return drawn.of === incident && drawn.document === document ? drawn.now : LOADING
}
