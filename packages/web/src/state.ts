// What the page knows: the files, what became of them, and where one is. Captures themselves are the worker's.
import { create } from 'zustand'
import { client, endClient, Failed } from './session/client.ts'
import type { DiagnosisDocument } from '@pcap-surgery/core'
import { givenOf } from './drop/files.ts'
import type { FileReport, InputFile, Part, Progress } from './session/protocol.ts'
import { fragmentOf, type Place, placeOf } from './place.ts'

/** What was opened last. */
export interface OpenedFiles {
  document: DiagnosisDocument | null
  isStopped: boolean
  files: FileReport[]
}

export interface Reading {
  progress: Progress
  /** Seconds since it began. */
  seconds: number
  stop: AbortController
}

export interface State {
  files: InputFile[]
  /** Null: nothing was opened yet. */
  opened: OpenedFiles | null
  /** Null: nothing is being read. What was opened before stays on the screen meanwhile. */
  reading: Reading | null
  /** What went wrong with us, as a sentence; null: nothing. */
  defect: string | null
  place: Place
  /** Id of the incident that was looked at last, where lists begin again; null: none. */
  lastIncident: string | null
}

export const usePage = create<State>(() => ({
  files: [],
  opened: null,
  reading: null,
  defect: null,
  place: placeOf(globalThis.location?.hash ?? ''),
  lastIncident: null,
}))

/** Reads more files, together with those that are open. */
export async function addFiles(more: readonly InputFile[]): Promise<void> {
  const { files, opened, reading } = usePage.getState()
  if (reading !== null || more.length === 0) return
  // What could not be read is not tried again.
  const refused = new Set(opened?.files.flatMap(({ id, is }) => (is === 'unreadable' ? [id] : [])))
  await openFiles([...files.filter(({ id }) => !refused.has(id)), ...more])
}

/** What `pcap-surgery ui` was given, as index.html then says; elsewhere nothing. */
export function openGiven(): void {
  const block = document.getElementById('given')
  if (block === null) return
  const given = JSON.parse(block.textContent) as { name: string; size: number; url: string }[]
  if (given.length === 0) return
  const { port1, port2 } = new MessageChannel()
  new Worker('feed.js').postMessage(port1, [port1])
  client().feedFrom(port2)
  void addFiles(given.map(givenOf))
}

/** Lets go of everything, and begins anew. */
export function closeFiles(): void {
  usePage.setState({ files: [], opened: null, reading: null, defect: null, lastIncident: null })
  endClient()
  goTo({})
}

async function openFiles(files: InputFile[]): Promise<void> {
  const stop = new AbortController()
  const progress: Progress = { stage: 'reading', bytes: 0, total: null, frames: 0, failures: 0 }
  const since = performance.now()
  const reading: Reading = { progress, seconds: 0, stop }
  usePage.setState({ files, reading, defect: null })
  /** False where the user has closed the files meanwhile. */
  const isCurrent = (): boolean => usePage.getState().reading?.stop === stop
  const lists: Pick<DiagnosisDocument, Part['list']> = { incidents: [], masked: [] }
  try {
    const { document, ...opened } = await client().call('open', [files], {
      signal: stop.signal,
      onPart: ({ list, incidents }) => lists[list].push(...incidents),
      onProgress: (now) => {
        if (isCurrent())
          usePage.setState({ reading: { progress: now, seconds: (performance.now() - since) / 1000, stop } })
      },
    })
    const whole = document === null ? null : { ...document, ...lists }
    if (isCurrent()) usePage.setState({ opened: { ...opened, document: whole }, reading: null })
  } catch (error) {
    if (!isCurrent()) return
    const text = error instanceof Failed ? error.message : String(error)
    usePage.setState({ reading: null, defect: text })
  }
}

/** Goes there; a step back comes back here. */
export function goTo(place: Partial<Place>): void {
  const to: Place = { view: 'overview', incident: null, settings: {}, ...place }
  location.hash = fragmentOf(to)
}

/** Changes how the view is set; a step back goes to the view before, not to the settings before. */
export function set(settings: Readonly<Record<string, string>>): void {
  const { place } = usePage.getState()
  const now: Place = { ...place, settings: { ...place.settings, ...settings } }
  history.replaceState(null, '', fragmentOf(now))
  usePage.setState({ place: now })
}

globalThis.addEventListener?.('hashchange', () =>
  usePage.setState(({ place, lastIncident }) => ({
    place: placeOf(location.hash),
    lastIncident: place.incident ?? lastIncident,
  })),
)
