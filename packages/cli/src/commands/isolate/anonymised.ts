// Cuts anonymised: for whoever may see what happened, and not to whom.
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import {
  Anonymiser,
  evidenceOf,
  type Incident,
  KeyedPseudonyms,
  pcapngWriter,
  type Source,
  type Story,
} from '@pcap-surgery/core'
import { type CutFile, cutFile } from '../../io/cut-file.ts'
import { chunksOf } from '../../io/source.ts'
import { sectionComments } from './comments.ts'
import { type Cut, writeCut } from './cut.ts'
import { type IsolateCommandOptions, outputsOf } from './options.ts'

/** Cuts that are anonymised and say nothing of themselves yet. */
export interface Hidden {
  cuts: Pick<Cut, 'file' | 'isolated'>[]
  pseudonyms: KeyedPseudonyms
}

/** A key shorter than this may be guessed. */
export const SHORTEST_KEY = 16
const KEY = 32
/** Keys drawn until no pseudonym is the address of another host: with few addresses in small networks it may be. */
const DRAWN = 16

/** Anonymises cuts with one key: the user's, else one that nobody keeps. */
export async function hide(cuts: readonly Cut[], options: IsolateCommandOptions): Promise<Hidden> {
  const given = options.anonymiseKey === undefined ? null : await readFile(options.anonymiseKey)
  for (let left = DRAWN; ; left--) {
    const hidden: Hidden = { cuts: [], pseudonyms: new KeyedPseudonyms(given ?? randomBytes(KEY)) }
    try {
      const anonymiser = new Anonymiser(hidden.pseudonyms)
      for (const { file, isolated } of cuts) {
        const own = await cutFile(file.file, '.anonymous')
        hidden.cuts.push({ file: own, isolated })
        await anonymiser.cut(() => chunksOf(file.temporary), writerTo(own, options))
        own.close()
      }
    } catch (error) {
      discard(hidden)
      throw error
    }
    if (given !== null || left <= 1 || !hidden.pseudonyms.isMistakable) return hidden
    discard(hidden)
  }
}

const writerTo = (file: CutFile, { application }: IsolateCommandOptions): ReturnType<typeof pcapngWriter> =>
  pcapngWriter({ comments: [], application }, (bytes) => file.emit(bytes))

export function discard({ cuts }: Hidden): void {
  for (const { file } of cuts) file.discard()
}

/** What a diagnosis of hidden cuts found. */
export interface Found {
  story: Story
  incident: Incident
}

/**
 * Writes hidden cuts once more, as they are to be handed on: with the words of their own diagnosis, where there is one.
 * What the plain cuts hold of their places must be gone.
 */
export async function told({ cuts }: Hidden, found: Found | null, options: IsolateCommandOptions): Promise<Cut[]> {
  const all = { width: 'incident', padSeconds: 0, leg: null } as const
  const evidence = found === null ? null : evidenceOf(found.story, found.incident, all)
  const { captures } = found?.story ?? { captures: [] }
  const result: Cut[] = []
  try {
    for (const [i, [output, leg]] of outputsOf(options).entries()) {
      const { file, isolated } = cuts[i]
      const own = captures.flatMap(({ ids, observations }) =>
        observations.parts.flatMap((part, k) => (part.file.startsWith(file.temporary) ? [ids[k]] : [])),
      )
      const comments = new Map(own.flatMap((id) => [...(evidence?.comments.get(id) ?? [])]))
      const texts = {
        comments: found === null ? ['cut by hand'] : sectionComments(found.incident, leg),
        names: evidence?.names ?? [],
      }
      const source = everythingOf(file.temporary, comments)
      const cut = await writeCut(output, [source], texts, options.snap ?? null, { ...options, align: false })
      result.push({ ...cut, isolated: { ...cut.isolated, parts: isolated.parts } })
    }
    return result
  } catch (error) {
    for (const { file } of result) file.discard()
    throw error
  }
}

function everythingOf(file: string, comments: ReadonlyMap<number, readonly string[]>): Source {
  const chooser = { wants: () => true, last: Infinity }
  const part = { file, open: () => chunksOf(file), chooser, within: null, comments }
  return { parts: [part], vantage: 'capture', name: 'capture 1', onFirstClock: null, comment: null }
}

/** Whether the incident of a hidden cut is this one of the plain cut. */
export function standsFor(hidden: Incident, plain: Incident, pseudonyms: KeyedPseudonyms): boolean {
  const ends = ['client', 'proxyFront', 'proxyBack', 'upstream'] as const
  return (
    hidden.time === plain.time &&
    hidden.status === plain.status &&
    ends.every((end) => hidden[end] === endpoint(plain[end], pseudonyms))
  )
}

/** Of `10.1.0.2:80` or `[2001:db8::2]:80`, or an address alone. */
function endpoint(text: string | null, pseudonyms: KeyedPseudonyms): string | null {
  if (text === null) return null
  const [, address = text, port = ''] = /^\[?(.*?)\]?(:\d+)$/.exec(text) ?? []
  const whole = pseudonyms.addressText(text)
  if (whole !== null) return whole
  const own = pseudonyms.addressText(address) ?? address
  return own.includes(':') ? `[${own}]${port}` : `${own}${port}`
}
