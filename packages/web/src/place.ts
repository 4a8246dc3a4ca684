// Where on the page one is, as it stands in the URL's fragment: `#/incident/3?leg=upstream`. It names what is shown and
// how, and nothing of what a capture holds.

export const VIEWS = ['overview', 'incident', 'connections', 'exchanges', 'captures'] as const
export type View = (typeof VIEWS)[number]

export interface Place {
  view: View
  /** Id of the incident that is looked at; null: none. */
  incident: string | null
  /** How the view is set: filters, order. Each view has names of its own; defaults are not there. */
  settings: Readonly<Record<string, string>>
}

export const HOME: Place = { view: 'overview', incident: null, settings: {} }

/** Whatever makes no sense is as if it were not there. */
export function placeOf(fragment: string): Place {
  const [path = '', query = ''] = fragment.replace(/^#?\/?/, '').split('?', 2)
  const [name, incident] = path.split('/')
  const view = VIEWS.find((one) => one === name)
  if (view === undefined) return HOME
  return {
    view,
    incident: view === 'incident' && incident ? unescaped(incident) : null,
    settings: Object.fromEntries(new URLSearchParams(query)),
  }
}

export function fragmentOf({ view, incident, settings }: Place): string {
  const path = view === 'incident' && incident !== null ? `${view}/${encodeURIComponent(incident)}` : view
  const query = new URLSearchParams(Object.entries(settings).filter(([, value]) => value !== ''))
  return `#/${path}${query.size === 0 ? '' : `?${query}`}`
}

/** Whether the page comes from this machine's own server, as `pcap-surgery ui` is. */
export const isServedHere = ({ hostname }: Pick<Location, 'hostname'>): boolean =>
  hostname === 'localhost' || hostname.startsWith('127.') || hostname === '[::1]'

/**
 * What of the page's address may be handed on. From this machine's own server that is the fragment: the path is the key
 * to the captures for whoever else uses the machine, and leads nowhere from any other.
 */
export const linkOf = (location: Pick<Location, 'hostname' | 'href' | 'hash'>): string =>
  isServedHere(location) ? location.hash : location.href

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
