// Layers and fields of a frame as a tree. The selected field is marked among the bytes.
import { type Layer, type LayerField, visible } from '@pcap-surgery/core'
import ChevronRight from 'lucide-react/icons/chevron-right'
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from 'react'
import styles from './frame.module.css'

/** Where in the tree: `2`, `2.7`, `2.7.0`. */
export type Path = string

/** A layer or a field. */
export interface Node {
  path: Path
  level: number
  name: string
  text: string
  at: number
  length: number
  fault: string | null
  children: Node[]
  position: number
  siblings: number
}

/** The tree of a frame's layers. */
export function nodesOf(layers: readonly Layer[]): Node[] {
  return layers.map((layer, i) => ({
    path: String(i),
    level: 1,
    name: `${layer.name}${layer.isQuoted ? ' (quoted)' : ''}`,
    text: layer.summary,
    at: layer.at,
    length: layer.length,
    fault: layer.fault,
    children: fieldNodes(layer.fields, String(i), 2),
    position: i + 1,
    siblings: layers.length,
  }))
}

function fieldNodes(fields: readonly LayerField[], parent: Path, level: number): Node[] {
  return fields.map(({ name, value, at, length, fields: parts = [] }, i) => ({
    path: `${parent}.${i}`,
    level,
    name,
    text: value,
    at,
    length,
    fault: null,
    children: fieldNodes(parts, `${parent}.${i}`, level + 1),
    position: i + 1,
    siblings: fields.length,
  }))
}

/** The innermost node that holds a byte. */
export function nodeAt(nodes: readonly Node[], byte: number): Node | null {
  const here = nodes.find(({ at, length }) => byte >= at && byte < at + length)
  if (here === undefined) return null
  return nodeAt(here.children, byte) ?? here
}

export function nodeOf(nodes: readonly Node[], path: Path): Node | null {
  let found: Node | null = null
  let among = nodes
  for (const step of path.split('.')) {
    found = among[Number(step)] ?? null
    if (found === null) return null
    among = found.children
  }
  return found
}

/** Layers that are open at first: from transport on. */
export const openAtFirst = (layers: readonly Layer[]): ReadonlySet<Path> =>
  new Set(layers.flatMap(({ name }, i) => (CLOSED.test(name) ? [] : [String(i)])))

const CLOSED = /^(?:Ethernet|Linux cooked|Internet Protocol|Null|Padding|802\.1)/

export interface LayerTreeProps {
  nodes: readonly Node[]
  selected: Path | null
  onSelect: (node: Node) => void
  open: ReadonlySet<Path>
  onToggle: (path: Path, isOpen: boolean) => void
}

export function LayerTree({ nodes, selected, onSelect, open, onToggle }: LayerTreeProps): ReactNode {
  const tree = useRef<HTMLDivElement>(null)
  const shown = shownOf(nodes, open)
  const current = shown.find(({ path }) => path === selected) ?? shown[0]

  // Who walks the bytes sees the field come into view; who walks the tree stands on it.
  useEffect(() => {
    if (selected === null) return
    const item = tree.current?.querySelector<HTMLElement>(`[data-path="${selected}"]`)
    item?.scrollIntoView({ block: 'nearest' })
    if (tree.current?.contains(document.activeElement) === true) item?.focus({ preventScroll: true })
  }, [selected])

  const focus = (node: Node | undefined): void => {
    if (node !== undefined) onSelect(node)
  }

  const onKeyDown = (event: KeyboardEvent): void => {
    if (current === undefined) return
    const at = shown.indexOf(current)
    const isOpen = open.has(current.path)
    const hasChildren = current.children.length > 0
    if (event.key === 'ArrowDown') focus(shown[at + 1])
    else if (event.key === 'ArrowUp') focus(shown[at - 1])
    else if (event.key === 'Home') focus(shown[0])
    else if (event.key === 'End') focus(shown.at(-1))
    else if (event.key === 'ArrowRight' && hasChildren) {
      if (isOpen) focus(current.children[0])
      else onToggle(current.path, true)
    } else if (event.key === 'ArrowLeft') {
      if (isOpen && hasChildren) onToggle(current.path, false)
      else focus(shown.find(({ path }) => path === current.path.replace(/\.?\d+$/, '')))
    } else if (event.key === 'Enter' || event.key === ' ') {
      if (hasChildren) onToggle(current.path, !isOpen)
    } else return
    event.preventDefault()
    event.stopPropagation()
  }

  return (
    <div ref={tree} className={styles.tree} role="tree" aria-label="Layers" tabIndex={-1}>
      {shown.map((node) => {
        const { path, level, name, text, fault, children, position, siblings } = node
        const isOpen = open.has(path)
        return (
          <div
            key={path}
            role="treeitem"
            className={styles.item}
            data-path={path}
            data-level={Math.min(level, 4)}
            aria-level={level}
            aria-posinset={position}
            aria-setsize={siblings}
            aria-expanded={children.length > 0 ? isOpen : undefined}
            aria-selected={path === selected}
            tabIndex={node === current ? 0 : -1}
            onKeyDown={onKeyDown}
            onClick={() => {
              onSelect(node)
              if (children.length > 0 && (level === 1 || path === selected)) onToggle(path, !isOpen)
            }}
          >
            <ChevronRight className={styles.chevron} data-shown={children.length > 0} aria-hidden />
            <span className={styles.name}>{visible(name, 200)}</span>
            {text !== '' && <span className={styles.value}>{visible(text, 400)}</span>}
            {fault !== null && <span className={styles.fault}>{fault}</span>}
          </div>
        )
      })}
    </div>
  )
}

/** From top to bottom, without what is closed. */
const shownOf = (nodes: readonly Node[], open: ReadonlySet<Path>): Node[] =>
  nodes.flatMap((node) => [node, ...(open.has(node.path) ? shownOf(node.children, open) : [])])
