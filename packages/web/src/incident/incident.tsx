// One incident. (A placeholder until the view is there.)
import type { ReactNode } from 'react'
import { visible } from '../parts/text.ts'
import { usePage } from '../state.ts'

export function IncidentView(): ReactNode {
  const id = usePage((page) => page.place.incident)
  const document = usePage((page) => page.opened!.document!)
  const incident = [...document.incidents, ...document.masked].find((one) => one.id === id) ?? document.incidents[0]
  if (incident === undefined) return <p>No request failed in these captures.</p>
  return <h2>{visible(incident.summary)}</h2>
}
