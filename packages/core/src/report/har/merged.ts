// Many sequences as one, in order, of which only those are open that have begun.

/** Items in order of `time`. */
export interface Sequence<T> {
  /** No item is earlier. */
  from: number
  open(): Iterator<T>
}

export interface Timed {
  time: number
}

interface Cursor<T> {
  item: T
  rest: Iterator<T>
}

/** All items in order; equal ones in no order that can be relied on. `sequences` are in order of `from`. */
export function* merged<T extends Timed>(sequences: Iterable<Sequence<T>>): Generator<T, void> {
  // A binary heap: the earliest item on top.
  const heap: Cursor<T>[] = []
  for (const { from, open } of sequences) {
    while (heap.length > 0 && heap[0]!.item.time < from) yield next(heap)
    const rest = open()
    const first = rest.next()
    if (first.done !== true) rise(heap, { item: first.value, rest })
  }
  while (heap.length > 0) yield next(heap)
}

/** Takes the earliest item; its sequence goes on from the next one. */
function next<T extends Timed>(heap: Cursor<T>[]): T {
  const top = heap[0]!
  const { item } = top
  const following = top.rest.next()
  if (following.done !== true) top.item = following.value
  else {
    const last = heap.pop()!
    if (heap.length > 0) heap[0] = last
  }
  if (heap.length > 0) sink(heap)
  return item
}

function rise<T extends Timed>(heap: Cursor<T>[], cursor: Cursor<T>): void {
  let at = heap.push(cursor) - 1
  while (at > 0) {
    const above = (at - 1) >> 1
    if (heap[above]!.item.time <= cursor.item.time) break
    heap[at] = heap[above]!
    at = above
  }
  heap[at] = cursor
}

function sink<T extends Timed>(heap: Cursor<T>[]): void {
  const cursor = heap[0]!
  let at = 0
  for (let below = 1; below < heap.length; below = 2 * at + 1) {
    if (below + 1 < heap.length && heap[below + 1]!.item.time < heap[below]!.item.time) below++
    if (heap[below]!.item.time >= cursor.item.time) break
    heap[at] = heap[below]!
    at = below
  }
  heap[at] = cursor
}
