// What `isolate` was asked for, and the files that come of it.
import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import type { CutForm, Filter, Leg } from '@pcap-surgery/core'
import { formatOf } from '../../io/capture-format.ts'
import type { VantageHint } from '../../io/captures.ts'
import { Refused } from '../../io/refused.ts'
import { reason } from '../../io/source.ts'
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

/** How the cut is written. `keyLogs`: texts of which it gets what it needs, with --secrets. */
export const formOf = (options: IsolateCommandOptions, keyLogs: readonly string[]): CutForm => ({
  format: formatOf(options),
  application: options.application,
  align: options.align ?? false,
  snap: options.snap ?? null,
  secrets: options.secrets ? keyLogs : null,
})

/** A key shorter than this may be guessed. */
export const SHORTEST_KEY = 16

/** What the user would have pseudonyms follow from; null: a key that nobody keeps. */
export const anonymiseKey = async ({ anonymiseKey: file }: IsolateCommandOptions): Promise<Uint8Array | null> =>
  file === undefined
    ? null
    : readFile(file).catch((error: unknown) => {
        throw new Refused(`--anonymise-key ${file}: ${reason(error)}`, { cause: error })
      })
