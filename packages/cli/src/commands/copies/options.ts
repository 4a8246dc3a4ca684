// The commands that copy captures, as the command line shows them.
import type { Instant } from '@pcap-surgery/core'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { FORMATS } from '../../io/capture-format.ts'
import { type FrameOption, frameOption, instantOption } from '../isolate/hand-cut.ts'
import {
  convertCommand,
  repairCommand,
  shiftCommand,
  type ShiftOptions,
  trimCommand,
  type TrimOptions,
} from './copies.ts'
import { mergeCommand, type MergeCommandOptions, type OffsetOption } from './merge.ts'
import type { OutputOptions } from './run.ts'

const ONE = 'pcap or pcapng, plain or compressed (gzip, zstd, lz4); - is standard input'

const STATUSES = `
Exit status:
  0  written
  2  wrong use: nothing is written; or the capture is damaged: what is whole of it is written
`

const REPAIR_STATUSES = `
What is behind damage is read on where it is proven that a packet begins: by records that lead from one to the next for
longer than any packet, or to the end of the file.

Exit status:
  0  written, with what was lost told on standard error
  2  wrong use, or nothing of it is whole: nothing is written
`

const MERGE_EXAMPLES = `
Each source keeps its order and its interfaces, which are named after it: diagnose tells them apart again.

Examples:
  pcap-surgery merge front.pcap back.pcap.gz -o both.pcapng
  pcap-surgery merge front.pcap back.pcap --offset back.pcap=-3.2 -o both.pcapng
`

const TRIM_EXAMPLES = `
Examples:
  pcap-surgery trim big.pcapng --from 2026-11-22T08:57:21Z --to 2026-11-22T08:58:00Z -o part.pcapng
  zstd -dc big.pcap.zst | pcap-surgery trim - --frames 1-1000 -o -  | tshark -r -
`

type Own<T> = Omit<T, 'application'>

/** Adds merge, trim, shift, convert and repair. `done` is told the exit status. */
export function addCopies(program: Command, application: string, done: (status: number) => void): void {
  const one = (name: string, description: string): Command =>
    written(program.command(name).description(description).argument('<capture>', ONE))
  const many = program
    .command('merge')
    .description('put several captures together by time, with an interface for each that they have')
    .argument('<capture...>', ONE)
  written(many)
    .option(
      '--offset <capture=seconds>',
      'add so much to the times of one capture, may be repeated',
      (value, before: OffsetOption[] = []) => [...before, offsetOption(value)],
    )
    .option('--align', 'move all times to the first capture’s clock, as far as packets and requests tell')
    .addHelpText('after', MERGE_EXAMPLES + STATUSES)
    .action(async (files: string[], options: Own<MergeCommandOptions>) =>
      done(await mergeCommand(files, { ...options, application })),
    )
  one('trim', 'keep the packets of a span of time, or these frames')
    .option('--from <time>', 'from this time on: RFC 3339, or seconds since 1970', instantOption)
    .option('--to <time>', 'up to this time', instantOption)
    .option('--frames <list>', 'frame numbers as in 1-10,15', (value, before: FrameOption[] = []) => [
      ...before,
      ownFrames(value),
    ])
    .addHelpText('after', TRIM_EXAMPLES + STATUSES)
    .action(async (file: string, options: Own<TrimOptions>) =>
      done(await trimCommand(file, { ...options, application })),
    )
  one('shift', 'move all times')
    .option('--by <seconds>', 'so much later, or with - earlier; to the nanosecond', secondsOption)
    .option('--drift <ppm>', 'and from the first packet on so many microseconds more each second', ppmOption)
    .addHelpText('after', STATUSES)
    .action(async (file: string, options: Own<ShiftOptions>) =>
      done(await shiftCommand(file, { ...options, application })),
    )
  one('convert', 'write the same capture in another format')
    .addHelpText('after', STATUSES)
    .action(async (file: string, options: Own<OutputOptions>) =>
      done(await convertCommand(file, { ...options, application })),
    )
  one('repair', 'write what is whole of a damaged capture, and say what was lost')
    .addHelpText('after', REPAIR_STATUSES)
    .action(async (file: string, options: Own<OutputOptions>) =>
      done(await repairCommand(file, { ...options, application })),
    )
}

/** The options of all that write a capture. */
const written = (command: Command): Command =>
  command
    .requiredOption('-o, --output <file>', 'where to write; - is standard output')
    .addOption(
      new Option(
        '--format <format>',
        'how to write; default: by the name of the output; pcap has nanoseconds, usecpcap is for readers without them',
      ).choices(FORMATS),
    )
    .option('--force', 'replace an output that exists')

/** Seconds with up to nine decimals, exactly. */
function secondsOption(value: string): Instant {
  const [, sign, whole, fraction = ''] = /^([+-]?)(\d{1,11})(?:\.(\d{1,9}))?$/.exec(value) ?? []
  if (whole === undefined) throw new InvalidArgumentError('Expected seconds, as in 1.5 or -0.000000001.')
  const nanoseconds = Number(fraction.padEnd(9, '0'))
  const seconds = Number(whole)
  if (sign !== '-') return { seconds, nanoseconds }
  return nanoseconds === 0
    ? { seconds: 0 - seconds, nanoseconds }
    : { seconds: -seconds - 1, nanoseconds: 1e9 - nanoseconds }
}

function ppmOption(value: string): number {
  const ppm = Number(value)
  if (!/^[+-]?\d+(?:\.\d+)?$/.test(value) || ppm <= -1e6) {
    throw new InvalidArgumentError('Expected parts in a million above -1000000, as in 12.5.')
  }
  return ppm
}

/** `CAPTURE=SECONDS`. */
function offsetOption(value: string): OffsetOption {
  const cut = value.lastIndexOf('=')
  if (cut < 1) throw new InvalidArgumentError('Expected CAPTURE=SECONDS.')
  return { file: value.slice(0, cut), by: secondsOption(value.slice(cut + 1)) }
}

function ownFrames(value: string): FrameOption {
  const frames = frameOption(value)
  if (frames.file !== null) throw new InvalidArgumentError('Expected frame numbers as in 1-10,15.')
  return frames
}
