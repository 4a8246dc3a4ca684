// Cuts anonymised: for whoever may see what happened, and not to whom.
import type { Bytes } from '../bytes/read.ts'
import { pcapngWriter } from '../capture/write-pcapng.ts'
import type { Incident } from '../report/document.ts'
import { evidenceOf } from '../report/evidence.ts'
import type { Leg } from '../report/kept.ts'
import type { Story } from '../story/story.ts'
import { Anonymiser } from '../surgery/anonymise/anonymise.ts'
import { KeyedPseudonyms } from '../surgery/anonymise/pseudonyms.ts'
import type { Source } from '../surgery/isolate.ts'
import type { CutBench, Draft } from './bench.ts'
import { sectionComments } from './comments.ts'
import { type Cut, type CutForm, discardCuts, writeCut } from './write.ts'

/** Cuts that are anonymised and say nothing of themselves yet. */
export interface Hidden<D extends Draft> {
  cuts: Pick<Cut<D>, 'draft' | 'isolated'>[]
  pseudonyms: KeyedPseudonyms
}

const KEY = 32
/** Keys drawn until no pseudonym is the address of another host: with few addresses in small networks it may be. */
const DRAWN = 16

/** Anonymises cuts with one key: the given one, else one that nobody keeps. */
export async function hide<D extends Draft>(
  bench: CutBench<D>,
  cuts: readonly Cut<D>[],
  key: Bytes | null,
  application: string,
): Promise<Hidden<D>> {
  for (let left = DRAWN; ; left--) {
    const hidden: Hidden<D> = { cuts: [], pseudonyms: new KeyedPseudonyms(key ?? bench.random(KEY)) }
    try {
      const anonymiser = new Anonymiser(hidden.pseudonyms)
      for (const [output, { draft, isolated }] of cuts.entries()) {
        const own = await bench.draft(output, 'hidden')
        hidden.cuts.push({ draft: own, isolated })
        const writer = pcapngWriter({ comments: [], application }, (bytes) => own.emit(bytes))
        await anonymiser.cut(() => draft.open(), writer)
        own.close()
      }
    } catch (error) {
      discardCuts(hidden.cuts)
      throw error
    }
    if (key !== null || left <= 1 || !hidden.pseudonyms.isMistakable) return hidden
    discardCuts(hidden.cuts)
  }
}

/** What a diagnosis of hidden cuts found. */
export interface Found {
  story: Story
  incident: Incident
}

/**
 * Writes hidden cuts once more, as they are to be handed on: with the words of their own diagnosis, where there is one.
 * The cuts that they were made of must be gone. `legs`: by output.
 */
export async function told<D extends Draft>(
  bench: CutBench<D>,
  { cuts }: Hidden<D>,
  found: Found | null,
  legs: readonly (Leg | null)[],
  form: CutForm,
): Promise<Cut<D>[]> {
  const all = { width: 'incident', padSeconds: 0, leg: null } as const
  const evidence = found === null ? null : evidenceOf(found.story, found.incident, all)
  const { captures } = found?.story ?? { captures: [] }
  const result: Cut<D>[] = []
  try {
    for (const [output, { draft, isolated }] of cuts.entries()) {
      const own = captures.flatMap(({ ids, observations }) =>
        observations.parts.flatMap((part, k) => (part.file.startsWith(draft.name) ? [ids[k]!] : [])),
      )
      const comments = new Map(own.flatMap((id) => [...(evidence?.comments.get(id) ?? [])]))
      const texts = {
        comments: found === null ? ['cut by hand'] : sectionComments(found.incident, legs[output] ?? null),
        names: evidence?.names ?? [],
      }
      // Its captures' clocks are one already, where that was asked for.
      const once = { ...form, align: false }
      const cut = await writeCut(bench, output, 'final', [everythingOf(draft, comments)], texts, once)
      result.push({ ...cut, isolated: { ...cut.isolated, parts: isolated.parts } })
    }
    return result
  } catch (error) {
    discardCuts(result)
    throw error
  }
}

function everythingOf(draft: Draft, comments: ReadonlyMap<number, readonly string[]>): Source {
  const chooser = { wants: () => true, last: Infinity }
  const part = { file: draft.name, open: () => draft.open(), chooser, within: null, comments }
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
