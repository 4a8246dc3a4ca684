// What `isolate` was asked for, and the files that come of it.
import { extname } from 'node:path'
import type { Filter, Leg } from '@pcap-surgery/core'
import type { VantageHint } from '../../io/captures.ts'
import type { ConnectionOption, FrameOption, TimeOption } from './hand-cut.ts'

export interface IsolateCommandOptions {
  incident?: string
  output: string
  format?: 'pcapng' | 'pcap'
  force?: boolean
  keys?: string[]
  vantage?: VantageHint[]
  secrets?: boolean
  connection?: ConnectionOption[]
  time?: TimeOption[]
  frames?: FrameOption[]
  filter?: Filter
  pad?: number
  snap?: number | 'headers'
  split?: boolean
  align?: boolean
  anonymise?: boolean
  anonymiseKey?: string
  mapping?: string
  /** `NAME VERSION`, for the cut's section header. */
  application: string
}

/** The files to be written, each with the leg that is in it. */
export function outputsOf({ output, split }: IsolateCommandOptions): [file: string, leg: Leg | null][] {
  if (!split) return [[output, null]]
  const extension = extname(output)
  const stem = output.slice(0, output.length - extension.length)
  return (['client', 'upstream'] as const).map((leg) => [`${stem}-${leg}${extension}`, leg])
}

/** The manifest beside the cut. */
export const manifestName = ({ output }: IsolateCommandOptions): string => `${output}.manifest.json`

/** As stated, else by the name of the output. */
export const formatOf = ({ format, output }: IsolateCommandOptions): 'pcapng' | 'pcap' =>
  format ?? (extname(output) === '.pcap' ? 'pcap' : 'pcapng')
