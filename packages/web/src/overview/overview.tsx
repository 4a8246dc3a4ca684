// What happened, at a glance.
import { CATALOGUE } from '@pcap-surgery/core'
import type { ReactNode } from 'react'
import { visible } from '../parts/text.ts'
import { fragmentOf, HOME } from '../place.ts'
import { usePage } from '../state.ts'

export function Overview(): ReactNode {
  const document = usePage((page) => page.opened!.document!)
  return (
    <ul>
      {document.incidents.map(({ id, cause, method, path }) => (
        <li key={id}>
          <a href={fragmentOf({ ...HOME, view: 'incident', incident: id })}>
            {CATALOGUE[cause].title} {visible(`${method ?? ''} ${path ?? ''}`)}
          </a>
        </li>
      ))}
    </ul>
  )
}
