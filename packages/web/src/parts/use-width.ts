import { type RefObject, useLayoutEffect, useRef, useState } from 'react'

/** Width of an element in CSS pixels, as it changes; 0 until it is there. */
export function useWidth<Of extends Element>(): [RefObject<Of | null>, number] {
  const ref = useRef<Of>(null)
  const [width, setWidth] = useState(0)
  useLayoutEffect(() => {
    const element = ref.current!
    const observer = new ResizeObserver(() => setWidth(element.getBoundingClientRect().width))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return [ref, width]
}
