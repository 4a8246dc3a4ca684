// The plot's colours. A canvas knows no custom properties, and those of the page are pairs for light and dark: so each
// colour is asked of an element that has it.
import type { Inks } from './draw.ts'

/** `root` has an element `[data-ink=NAME]` of every colour. */
export function inksOf(root: HTMLElement): Inks {
  const elements = [...root.querySelectorAll<HTMLElement>('[data-ink]')]
  return Object.fromEntries(elements.map((one) => [one.dataset.ink, getComputedStyle(one).color])) as Inks
}

/** Calls when colours may have changed: scheme, contrast, or a switch of the page. Answers how to stop. */
export function onInksChanged(changed: () => void): () => void {
  const queries = ['(prefers-color-scheme: dark)', '(forced-colors: active)', '(prefers-contrast: more)'].map((query) =>
    matchMedia(query),
  )
  for (const query of queries) query.addEventListener('change', changed)
  const observer = new MutationObserver(changed)
  observer.observe(document.documentElement, { attributes: true })
  return () => {
    for (const query of queries) query.removeEventListener('change', changed)
    observer.disconnect()
  }
}
