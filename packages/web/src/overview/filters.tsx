// What of the incidents is shown: by cause, upstream, status, words, and part of the time.
import { type Incident, visible } from '@pcap-surgery/core'
import X from 'lucide-react/icons/x'
import { type ReactNode, useMemo } from 'react'
import { DomainMark } from '../parts/domain.tsx'
import parts from '../parts/parts.module.css'
import { set } from '../state.ts'
import { causesOf, type Choice, type Choices, countsOf, statusOf } from './filter.ts'
import styles from './filters.module.css'
import { titleOf } from './summary.ts'
import { clockAfter } from './ticks.ts'

interface Chosen {
  incidents: readonly Incident[]
  choices: Choices
}

/** Causes by how often they are: a press shows one alone, another all of them again. */
export function Causes({ incidents, choices }: Chosen): ReactNode {
  const groups = useMemo(() => causesOf(incidents), [incidents])
  if (groups.length < 2) return null
  return (
    <div className={styles.causes} role="group" aria-label="Causes">
      {groups.map(({ cause, domains, incidents: within }) => (
        <button
          key={cause}
          type="button"
          className={styles.cause}
          aria-pressed={choices.cause === cause}
          onClick={() => set({ cause: choices.cause === cause ? '' : cause })}
        >
          <span className={styles.number}>{within.length.toLocaleString('en-US')}</span>
          <span className={styles.title}>{titleOf(cause)}</span>
          <span className={styles.whose}>
            <DomainMark domain={domains[0]!} />
          </span>
        </button>
      ))}
    </div>
  )
}

export function Filters({ incidents, choices, begin }: Chosen & { begin: string }): ReactNode {
  const upstreams = useMemo(() => countsOf(incidents.flatMap(({ upstream }) => upstream ?? [])), [incidents])
  const statuses = useMemo(() => countsOf(incidents.map(statusOf)), [incidents])
  const { text = '', upstream = '', status = '', cause, from, to } = choices
  const isNarrowed = [text, upstream, status, cause, from].some(Boolean)
  return (
    <search className={styles.filters}>
      <label className={styles.field}>
        <span>Method, host or path</span>
        <input
          type="search"
          className={styles.input}
          value={text}
          placeholder="/api/report"
          spellCheck={false}
          onChange={(event) => set({ text: event.target.value })}
        />
      </label>
      <Select name="upstream" label="Upstream" value={upstream} options={upstreams} />
      <Select name="status" label="Client got" value={status} options={statuses} />
      {from && to && (
        <button type="button" className={styles.chip} onClick={() => set({ from: '', to: '' })}>
          {clockAfter(begin, Number(from))} – {clockAfter(begin, Number(to))}
          <X className={parts.icon} aria-hidden />
          <span className={parts.hidden}>Show all of the time</span>
        </button>
      )}
      <button
        type="button"
        className={parts.button}
        disabled={!isNarrowed}
        onClick={() => set({ text: '', upstream: '', status: '', cause: '', from: '', to: '' })}
      >
        Show all
      </button>
    </search>
  )
}

interface SelectProps {
  name: Choice
  label: string
  value: string
  options: readonly [string, number][]
}

const Select = ({ name, label, value, options }: SelectProps): ReactNode => (
  <label className={styles.field}>
    <span>{label}</span>
    <select
      className={styles.input}
      value={value}
      disabled={options.length < 2 && value === ''}
      onChange={(event) => set({ [name]: event.target.value })}
    >
      <option value="">any</option>
      {value !== '' && !options.some(([option]) => option === value) && (
        <option value={value}>{visible(value, 80)}</option>
      )}
      {options.slice(0, 500).map(([option, count]) => (
        <option key={option} value={option}>
          {`${visible(option, 80)} (${count.toLocaleString('en-US')})`}
        </option>
      ))}
    </select>
  </label>
)
