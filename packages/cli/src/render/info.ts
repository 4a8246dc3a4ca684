// `info` for a person: a paragraph a file, a line a fact, and no line for what is not there.
import { type CaptureInformation, type InfoDocument, type InterfaceInformation, visible } from '@pcap-surgery/core'

export const renderInfo = ({ captures }: InfoDocument): string =>
  captures
    .map(
      (capture) =>
        `${linesOf(capture)
          .map((line) => visible(line))
          .join('\n')}\n`,
    )
    .join('\n')

function linesOf(capture: CaptureInformation): string[] {
  const { file, bytes, sha256, format, compression, frames, first, last, durationSeconds, outOfOrder, section } =
    capture
  const { interfaces, comments, commentedFrames, names, secrets, customBlocks, faults } = capture
  const written = [section.application, section.os, section.hardware].filter((one) => one !== null)
  const extras = [
    counted(names, 'address with a name', 'addresses with names'),
    counted(commentedFrames, 'frame with a comment', 'frames with comments'),
    counted(customBlocks, 'custom block', 'custom blocks'),
  ].filter((one) => one !== null)
  const { blocks, sessions } = secrets
  const facts: (string | null)[] = [
    `${format ?? 'no capture'}${compression === null ? '' : `, ${compression}`}, ${number(bytes)} bytes, SHA-256 ${sha256}`,
    `${counted(frames, 'frame', 'frames') ?? 'no frame'}${frames === 0 ? '' : `, ${lengths(capture)}`}`,
    first === null ? null : `${first} to ${last}, ${durationSeconds} s`,
    outOfOrder.frames === 0
      ? null
      : `${counted(outOfOrder.frames, 'frame', 'frames')} earlier than one before, by ${outOfOrder.mostSeconds} s at most`,
    written.length === 0 ? null : `written by ${written.join(', ')}`,
    ...interfaces.map((one) => interfaceLine(one)),
    extras.length === 0 ? null : extras.join(', '),
    blocks === 0
      ? null
      : `secrets of ${counted(sessions, 'TLS session', 'TLS sessions') ?? 'no TLS session'} (not shown)`,
    ...comments.map((comment) => `comment: ${comment}`),
    ...faults.map(({ offset, text }) => `fault at byte ${number(offset)}: ${text}`),
  ]
  return [file, ...facts.flatMap((fact) => (fact === null ? [] : [`  ${fact}`]))]
}

const lengths = ({ capturedBytes, wireBytes, cutFrames }: CaptureInformation): string =>
  cutFrames === 0
    ? `${number(capturedBytes)} bytes of packets`
    : `${number(capturedBytes)} of ${number(wireBytes)} bytes of packets, ${number(cutFrames)} cut off`

function interfaceLine(one: InterfaceInformation): string {
  const facts: (string | null)[] = [
    one.linkTypeName,
    one.name,
    one.description,
    one.filter === null ? null : `filter ${one.filter}`,
    one.os,
    one.hardware,
    one.snapLength === 0 ? null : `snap length ${number(one.snapLength)}`,
    counted(one.frames, 'frame', 'frames') ?? 'no frame',
    one.received === null ? null : `${number(one.received)} received`,
    one.dropped === null ? null : `${number(one.dropped)} dropped`,
  ]
  return `interface ${one.id}: ${facts.filter((fact) => fact !== null).join(', ')}`
}

const number = (value: number): string => value.toLocaleString('en-US')

/** Null for none. */
const counted = (count: number, one: string, many: string): string | null =>
  count === 0 ? null : `${number(count)} ${count === 1 ? one : many}`
