// What the page hands over is what the command writes, character for character.
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runCommand } from '../../../../tools/command.ts'
import type { InputFile, ReportFormat } from '../session/protocol.ts'
import { openFiles } from './open.ts'
import { makeReport } from './reports.ts'

const CASE = fileURLToPath(new URL('../../../../cases/caddy-connect-refused/', import.meta.url))
const FILES = ['proxy-front.pcap', 'proxy-back.pcap']
const context = { progress: () => {}, isCancelled: () => false }

test.each<[format: ReportFormat, name: string]>([
  ['html', 'report.html'],
  ['markdown', 'report.md'],
  ['json', 'diagnosis.json'],
  ['har', 'exchanges.har'],
])('%s, as the command writes it', async (format, name) => {
  const inputs = FILES.map((file, id): InputFile => {
    const bytes = readFileSync(join(CASE, file))
    return { id, name: file, size: bytes.length, blob: new Blob([bytes]), url: null }
  })
  const { session } = await openFiles(null, inputs, context)
  const made = await makeReport(session!, { format, showSecrets: false }, context)
  expect(made.name).toBe(name)
  const { out } = await runCommand(tmpdir(), ['diagnose', ...FILES.map((file) => join(CASE, file)), '--format', format])
  // The command names files by their paths.
  expect(await made.blob.text()).toBe(out.replaceAll(CASE, ''))
})
