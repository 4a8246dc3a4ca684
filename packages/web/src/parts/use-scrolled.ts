import { type RefObject, useLayoutEffect, useState } from 'react'

/** What of an element's content is in view, in CSS pixels. */
export interface Scrolled {
  top: number
  left: number
  width: number
  height: number
}

/** As it is scrolled and takes another size; `before`: until it is there. */
export function useScrolled(ref: RefObject<HTMLElement | null>, before: Scrolled): Scrolled {
  const [view, setView] = useState(before)
  useLayoutEffect(() => {
    const element = ref.current!
    const measure = (): void =>
      setView({
        top: element.scrollTop,
        left: element.scrollLeft,
        width: element.clientWidth,
        height: element.clientHeight,
      })
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    element.addEventListener('scroll', measure, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', measure)
    }
  }, [ref])
  return view
}
