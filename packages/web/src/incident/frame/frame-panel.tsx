// One frame, taken apart: its layers and its bytes, each marking the other.
import { type FrameRef, plural, visible } from '@pcap-surgery/core'
import ChevronDown from 'lucide-react/icons/chevron-down'
import ChevronUp from 'lucide-react/icons/chevron-up'
import X from 'lucide-react/icons/x'
import { type ReactNode, useEffect, useMemo, useState } from 'react'
import { CopyButton } from '../../parts/copy-button.tsx'
import { moment } from '../../parts/moment.ts'
import parts from '../../parts/parts.module.css'
import { client, Failed } from '../../session/client.ts'
import type { FrameDetail } from '../../session/protocol.ts'
import { keyOf, openFrame } from '../links.ts'
import styles from './frame.module.css'
import { HexView } from './hex-view.tsx'
import { LayerTree, type Node, nodeAt, nodeOf, nodesOf, openAtFirst, type Path } from './layer-tree.tsx'

export interface FramePanelProps {
  frame: FrameRef
  /** The frames of the same packet in other captures, this one included. */
  sightings: readonly FrameRef[]
  captureName: (capture: number) => string
  /** Goes to the packet before, or behind; null where there is none. */
  onPrevious: (() => void) | null
  onNext: (() => void) | null
  onClose: () => void
}

type State =
  | { is: 'loading'; share: number | null }
  | { is: 'failed'; text: string }
  | { is: 'there'; detail: FrameDetail }

export function FramePanel({ frame, sightings, captureName, onPrevious, onNext, onClose }: FramePanelProps): ReactNode {
  const key = keyOf(frame)
  const state = useFrame(frame)
  const detail = state.is === 'there' ? state.detail : null
  useEffect(() => {
    const onKeyDown = ({ key: pressed, defaultPrevented }: KeyboardEvent): void => {
      if (pressed === 'Escape' && !defaultPrevented) onClose()
    }
    window.addEventListener('keydown', onKeyDown)
    return () => window.removeEventListener('keydown', onKeyDown)
  }, [onClose])
  return (
    <section className={styles.panel} aria-labelledby="frame-title" aria-busy={state.is === 'loading'}>
      <header className={styles.bar}>
        <h3 id="frame-title">
          Frame {frame.frame} <span className={styles.soft}>{captureName(frame.capture)}</span>
        </h3>
        {sightings.length > 1 && <Sightings frame={frame} sightings={sightings} captureName={captureName} />}
        <p className={styles.facts}>
          {detail !== null && (
            <>
              <span>{moment(detail.time)}</span>
              <span>{sizes(detail)}</span>
            </>
          )}
        </p>
        <div className={styles.copies}>
          <CopyButton text={() => hexOf(detail?.bytes ?? new Uint8Array(0))}>Copy as hex</CopyButton>
          <CopyButton text={`frame.number == ${frame.frame}`} label={`Copy the filter frame.number == ${frame.frame}`}>
            Copy filter
          </CopyButton>
        </div>
        <div className={styles.actions}>
          <Step name="Previous packet" Icon={ChevronUp} onStep={onPrevious} />
          <Step name="Next packet" Icon={ChevronDown} onStep={onNext} />
          <button type="button" className={parts.button} onClick={onClose} aria-label="Close the frame">
            <X className={parts.icon} aria-hidden />
          </button>
        </div>
      </header>
      {state.is === 'failed' && (
        <p className={styles.message} role="alert">
          {visible(state.text)}
        </p>
      )}
      {state.is === 'loading' && (
        <p className={styles.message} role="status">
          Reading the file again, up to this frame…{state.share === null ? '' : ` ${Math.floor(100 * state.share)} %`}
        </p>
      )}
      {detail !== null && <Taken key={key} detail={detail} />}
    </section>
  )
}

interface StepProps {
  name: string
  Icon: typeof X
  onStep: (() => void) | null
}

/** Stays where it is at the last packet, so that who presses it does not lose their place. */
const Step = ({ name, Icon, onStep }: StepProps): ReactNode => (
  <button
    type="button"
    className={parts.button}
    aria-label={name}
    title={name}
    aria-disabled={onStep === null}
    onClick={() => onStep?.()}
  >
    <Icon className={parts.icon} aria-hidden />
  </button>
)

/** Where the packet was seen, from its sender on. */
const Sightings = ({
  frame,
  sightings,
  captureName,
}: Pick<FramePanelProps, 'frame' | 'sightings' | 'captureName'>): ReactNode => (
  <div className={styles.sightings} role="group" aria-label="The same packet in">
    {sightings.map((ref) => (
      <button key={keyOf(ref)} type="button" aria-pressed={keyOf(ref) === keyOf(frame)} onClick={() => openFrame(ref)}>
        {captureName(ref.capture)} #{ref.frame}
      </button>
    ))}
  </div>
)

function Taken({ detail }: { detail: FrameDetail }): ReactNode {
  const { bytes, layers } = detail
  const nodes = useMemo(() => nodesOf(layers), [layers])
  const [open, setOpen] = useState(() => openAtFirst(layers))
  const [selected, select] = useState<Path | null>(null)
  const node = selected === null ? null : nodeOf(nodes, selected)
  const layer = selected === null ? null : nodeOf(nodes, selected.split('.')[0]!)
  const toggle = (path: Path, isOpen: boolean): void =>
    setOpen((now) => {
      const next = new Set(now)
      if (isOpen) next.add(path)
      else next.delete(path)
      return next
    })
  const selectByte = (byte: number): void => {
    const found: Node | null = nodeAt(nodes, byte)
    if (found === null) return
    // Everything that it is in opens.
    const steps = found.path.split('.')
    setOpen((now) => new Set([...now, ...steps.slice(0, -1).map((_, i) => steps.slice(0, i + 1).join('.'))]))
    select(found.path)
  }
  return (
    <div className={styles.body}>
      <LayerTree
        nodes={nodes}
        selected={selected}
        onSelect={({ path }) => select(path)}
        open={open}
        onToggle={toggle}
      />
      <HexView bytes={bytes} field={node} layer={layer} onSelect={selectByte} />
    </div>
  )
}

const LOADING: State = { is: 'loading', share: null }

/** The frame, asked of the worker; what was shown stays away once another is asked for. */
function useFrame({ capture, frame }: FrameRef): State {
  const [state, setState] = useState<{ key: string; now: State }>({ key: '', now: LOADING })
  const key = keyOf({ capture, frame })
  useEffect(() => {
    let isCurrent = true
    const show = (now: State): void => {
      if (isCurrent) setState({ key, now })
    }
    client()
      .call('frames', [[{ capture, frame }]], {
        onProgress: ({ bytes, total }) => show({ is: 'loading', share: total === null ? null : bytes / total }),
      })
      .then(
        ([detail]) =>
          show(
            detail === undefined
              ? { is: 'failed', text: 'The file does not have this frame.' }
              : { is: 'there', detail },
          ),
        (error: unknown) => show({ is: 'failed', text: error instanceof Failed ? error.message : String(error) }),
      )
    return () => {
      isCurrent = false
    }
  }, [key, capture, frame])
  return state.key === key ? state.now : LOADING
}

function sizes({ bytes, wireLength }: FrameDetail): string {
  if (wireLength <= bytes.length) return plural(bytes.length, 'byte')
  return `${bytes.length.toLocaleString('en-US')} of ${plural(wireLength, 'byte')} captured`
}

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
