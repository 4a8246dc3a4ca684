// What is asked about one story again and again, for every incident, and answered once.
import type { Story } from '../story/story.ts'

/** `find`, with its answers remembered by story and key: what depends on more than these must not be asked so. */
export function perStory<T>(find: (story: Story, key: string) => T): (story: Story, key?: string) => T {
  const known = new WeakMap<Story, Map<string, T>>()
  return (story, key = '') => {
    let answers = known.get(story)
    if (answers === undefined) known.set(story, (answers = new Map<string, T>()))
    if (!answers.has(key)) answers.set(key, find(story, key))
    return answers.get(key)!
  }
}
