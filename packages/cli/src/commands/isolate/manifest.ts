// The manifest beside a cut: what it was made of, what is in it, what is not, and what proves it.
import { basename } from 'node:path'
import type { CauseCode, Confidence, Cut, Incident, Isolated, Proof, WrittenFormat } from '@pcap-surgery/core'
import type { CutFile } from '../../io/cut-file.ts'
import type { FileHash } from '../../io/file-hashes.ts'

export interface Manifest {
  schema: 'pcap-surgery/manifest@1'
  application: string
  inputs: { file: string; bytes: number | null; sha256: string | null; frames: number; framesWritten: number }[]
  outputs: { file: string; format: WrittenFormat; bytes: number; sha256: string; frames: number }[]
  /** Of the verdict: null for a cut by hand. */
  verdict: { incident: string; cause: CauseCode; confidence: Confidence; summary: string } | null
  proof: Proof | null
  /** What of the chosen frames and their captures is not in the output. */
  dropped: { frames: number; bytesCutOff: number; framesWithoutTime: number; other: string[] }
  secrets: { sessions: number }
  aligned: boolean
  /** Names, addresses, values and bodies are pseudonyms or gone, and so are the names of files here. */
  anonymised: boolean
}

interface Made {
  cuts: readonly Cut<CutFile>[]
  hashes: ReadonlyMap<string, FileHash>
  frames: ReadonlyMap<string, number>
  incident: Incident | null
  proof: Proof | null
  format: WrittenFormat
  options: { align: boolean; snap: number | 'headers' | null; secrets: boolean; isAnonymised: boolean }
  application: string
}

export function manifestOf({ cuts, hashes, frames, incident, proof, format, options, application }: Made): Manifest {
  const sum = (of: (isolated: Isolated) => number): number =>
    cuts.reduce((total, { isolated }) => total + of(isolated), 0)
  const written = (file: string): number =>
    sum(({ parts }) => parts.filter((part) => part.file === file).reduce((total, part) => total + part.written, 0))
  const total = [...frames.values()].reduce((a, b) => a + b, 0)
  return {
    schema: 'pcap-surgery/manifest@1',
    application,
    inputs: [...frames].map(([file, count], i) => {
      const hash = hashes.get(file)
      const { bytes, sha256 } = hash ?? { bytes: null, sha256: null }
      const name = options.isAnonymised ? `input ${i + 1}` : file
      return { file: name, bytes, sha256, frames: count, framesWritten: written(file) }
    }),
    outputs: cuts.map(({ draft, isolated }) => {
      const { bytes, sha256 } = draft.written!
      const name = options.isAnonymised ? basename(draft.file) : draft.file
      return { file: name, format, bytes, sha256, frames: isolated.frames }
    }),
    verdict:
      incident === null
        ? null
        : { incident: incident.id, cause: incident.cause, confidence: incident.confidence, summary: incident.summary },
    proof,
    dropped: {
      frames: total - sum((isolated) => isolated.frames),
      bytesCutOff: sum(({ cutOff }) => cutOff),
      framesWithoutTime: sum(({ timeless }) => timeless),
      other: lost(format, options),
    },
    secrets: { sessions: sum(({ sessions }) => sessions) },
    aligned: options.align,
    anonymised: options.isAnonymised,
  }
}

function lost(format: WrittenFormat, { snap, secrets, isAnonymised }: Made['options']): string[] {
  return [
    'comments of sections, statistics but drop counts, and custom blocks of pcapng sources',
    ...(secrets ? [] : ['decryption secrets']),
    ...(isAnonymised ? ['addresses, MACs, names, field values and bodies, for which others stand'] : []),
    ...(snap === null
      ? []
      : [snap === 'headers' ? 'payload of TCP and UDP' : `what lies behind ${snap} bytes of a packet`]),
    ...(format === 'pcap'
      ? ['interfaces and what is said of them, comments and options of packets, name resolution, decryption secrets']
      : []),
  ]
}
