// Incidents of every kind in the labelled captures, anonymised: the command proves that its cut is diagnosed the same, and here
// others look for what should not be in it.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { connectionsOf, correlate, diagnose, type Incident } from '@pcap-surgery/core'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { areThere, folderOf, scenarioNames, truthOf } from '../../../tools/labelled.ts'
import { isolateCommand } from './commands/isolate/isolate.ts'
import { readCaptures, vantagesOf } from './io/captures.ts'
import { readKeys } from './io/keys.ts'

const installed = spawnSync('tshark', ['-v']).status === 0
if (!installed) console.warn('SKIPPED: tshark is not installed, nobody else reads the anonymised cuts')

const folder = mkdtempSync(join(tmpdir(), 'anonymised-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Always the same pseudonyms: among so many short words some are, with other keys, an original. */
const KEY = join(folder, 'key')
writeFileSync(KEY, 'as long as it has to be, and the same every time')

/** Words of protocols and products, those of products' error pages, and of what is said of a cut. */
const KEPT: ReadonlySet<string> = new Set(
  `accept agent alive application available cache center charset chunked close connection content control cookie date
   encoding forwarded gateway gzip head host html http identity json keep length nginx apache caddy debian openssl
   lighttpd haproxy openssh post proto server store text time timeout title transfer type urlencoded user form plain
   body request response service unavailable temporarily unable your maintenance downtime capacity later proxy error
   received from upstream could handle reason reading remote invalid incomplete returned respond didn this after data
   name transitional public doctype xhtml version ranges bytes script filename query string protocol method queue
   header large status scgi uwsgi address port path info strong strict slow lock children queue database`.split(/\s+/),
)

/** In HTTP/2 a letter that is a length may stand behind a word. */
const isKept = (word: string): boolean => KEPT.has(word) || KEPT.has(word.slice(0, -1))

/** What the command says is not asked for here. */
function quiet(): void {
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((_text, ...rest) => {
      for (const done of rest) if (typeof done === 'function') done()
      return true
    })
  }
}

/** Of incidents of one cause the first. */
const oneOfEach = (incidents: readonly Incident[]): Incident[] => [
  ...new Map(incidents.toReversed().map((one) => [one.cause, one])).values(),
]

interface Cut {
  file: string
  plain: string
  bytes: Buffer
}

async function cutsOf(name: string): Promise<{ cuts: Cut[]; originals: Set<string> }> {
  const { captures, keylog } = truthOf(name)
  const files = captures.map(({ file }) => join(folderOf(name), file))
  const keys = keylog === undefined ? [] : [join(folderOf(name), keylog)]
  const seen = await readCaptures(files, await readKeys(keys))
  const story = correlate(seen.observations, { ids: seen.ids, vantages: vantagesOf(seen, []) })
  const { incidents, masked } = diagnose(story)
  const cuts: Cut[] = []
  quiet()
  for (const [i, { id }] of oneOfEach([...incidents, ...masked]).entries()) {
    const [file, plain] = [join(folder, `${name}-${id}.pcapng`), join(folder, `${name}-${id}-plain.pcapng`)]
    const options = { incident: id, keys, force: true, application: 'test 1' }
    const status = await isolateCommand(files, { ...options, output: file, anonymise: true, anonymiseKey: KEY })
    expect(`${id}: ${status}`).toBe(`${id}: 0`)
    if (i === 0 && installed) await isolateCommand(files, { ...options, output: plain })
    cuts.push({ file, plain, bytes: Buffer.concat([readFileSync(file), readFileSync(`${file}.manifest.json`)]) })
  }
  vi.restoreAllMocks()
  const connections = seen.observations.flatMap((one) => connectionsOf(one))
  const isReadable = connections.every(({ tls }) => tls === null)
  const originals = new Set(connections.flatMap(({ clientAddress, serverAddress }) => [clientAddress, serverAddress]))
  for (const { name: asked } of seen.observations.flatMap((one) => one.lookups)) originals.add(asked)
  for (const { host, target } of connections.flatMap((one) => one.exchanges)) {
    for (const word of [host ?? '', ...(target ?? '').split(/[^A-Za-z0-9]/)]) {
      // Numbers are numbers.
      if (/[A-Za-z].{3}|.{3}[A-Za-z]/.test(word) && !KEPT.has(word.toLowerCase())) originals.add(word)
    }
  }
  for (const file of files) {
    originals.add(file)
    const bytes = readFileSync(file)
    const plain = file.endsWith('.gz') ? gunzipSync(bytes) : bytes
    if (!isReadable) continue
    // Bodies of the letter that everything is filled with are none to look for.
    for (const word of plain.toString('latin1').match(/[A-Z]?[a-z]{6,}/g) ?? [])
      if (!isKept(word.toLowerCase()) && !word.includes('xxx')) originals.add(word)
  }
  return { cuts, originals }
}

/** An address by its bytes. */
function bytesOf(address: string): Buffer | null {
  return /^[\d.]+$/.test(address) ? Buffer.from(address.split('.').map(Number)) : null
}

/** What others make of each packet: nothing malformed that was not, and no checksum another than it was. */
function readBy(file: string): string {
  const fields = [
    '_ws.malformed',
    'ip.checksum.status',
    'tcp.checksum.status',
    'udp.checksum.status',
    'tcp.analysis.flags',
  ]
  const checked = ['ip', 'tcp', 'udp'].flatMap((one) => ['-o', `${one}.check_checksum:TRUE`])
  const shown = [...fields, 'frame.len', 'frame.cap_len', 'frame.time_epoch', 'tcp.seq_raw', 'tcp.len'].flatMap(
    (one) => ['-e', one],
  )
  const { stdout, status } = spawnSync('tshark', ['-r', file, ...checked, '-T', 'fields', ...shown], {
    encoding: 'utf8',
  })
  expect(status).toBe(0)
  return stdout
}

describe.runIf(areThere)('anonymised', () => {
  test.each(scenarioNames())('%s', { timeout: 300_000 }, async (name) => {
    const { cuts, originals } = await cutsOf(name)
    for (const { bytes } of cuts) {
      const found = [...originals].filter((word) => bytes.includes(word) || bytes.includes(bytesOf(word) ?? word))
      expect(found).toEqual([])
    }
    for (const { file, plain } of installed ? cuts.slice(0, 1) : []) expect(readBy(file)).toBe(readBy(plain))
  })
})
