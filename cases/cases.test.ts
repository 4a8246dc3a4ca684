// Every folder here is a case: its captures are diagnosed together and must give its expected.json, to the letter.
// `npm run cases` writes the expectations anew; the diff then says what a change does to real captures.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  correlate,
  diagnose,
  DIAGNOSIS_SCHEMA,
  type DiagnosisDocument,
  nobleCrypto,
  type Observations,
  observe,
  parseKeyLog,
} from '@pcap-surgery/core'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { gunzip } from '../packages/cli/src/io/gzip.ts'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const ROOT = fileURLToPath(new URL('..', import.meta.url))

const cases = readdirSync(HERE, { withFileTypes: true }).filter((entry) => entry.isDirectory())
const names = cases.map(({ name }) => name).toSorted()

const capturesOf = (name: string): string[] =>
  readdirSync(HERE + name)
    .filter((file) => /\.pcap(ng)?(\.gz)?$/.test(file))
    .toSorted()

async function* chunks(path: string): AsyncGenerator<Uint8Array> {
  yield readFileSync(path)
}

/** The document of a case, with `keys.log` where it has one; files are named as they are called inside its folder. */
async function diagnosisOf(name: string): Promise<DiagnosisDocument> {
  const log = `${HERE}${name}/keys.log`
  const keys = parseKeyLog(existsSync(log) ? readFileSync(log, 'latin1') : '')
  const observations: Observations[] = []
  for (const file of capturesOf(name)) {
    const input = { file, open: () => chunks(`${HERE}${name}/${file}`) }
    observations.push(await observe([input], { decompression: { gzip: gunzip }, keys, crypto: nobleCrypto }))
  }
  return diagnose(correlate(observations))
}

const validate = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true }).compile(DIAGNOSIS_SCHEMA)

describe('the diagnosis of a case is the expected one, and what the schema describes', () => {
  test.each(names)('%s', async (name) => {
    const text = `${JSON.stringify(await diagnosisOf(name), null, 2)}\n`
    validate(JSON.parse(text))
    expect(validate.errors).toBeNull()
    await expect(text).toMatchFileSnapshot(`${HERE}${name}/expected.json`)
  })
})

test('every case has captures, and says why it exists and where they come from', () => {
  const incomplete = names.filter((name) => capturesOf(name).length === 0 || !existsSync(`${HERE}${name}/README.md`))
  expect(names).not.toEqual([])
  expect(incomplete).toEqual([])
})

test('the order of the captures changes nothing but their numbers', async () => {
  const files = ['proxy-front.pcap', 'proxy-back.pcap', 'upstream.pcap']
  const observations: Observations[] = []
  for (const file of files) {
    const input = { file, open: () => chunks(`${HERE}nginx-keepalive-race/${file}`) }
    observations.push(await observe([input], { decompression: { gzip: gunzip } }))
  }
  const orders = [observations, observations.toReversed(), [observations[1], observations[2], observations[0]]]
  const answers = orders.map((order) => {
    const [{ cause, confidence, client, upstream, attempts }] = diagnose(correlate(order)).incidents
    return { cause, confidence, client, upstream, attempts: attempts.length }
  })
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
})

/** What `npm run demo` prints, from the very command that it runs. */
function demo(): string {
  const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { scripts: { demo: string } }
  const [node, ...args] = scripts.demo.split(' && ').at(-1)!.split(' ')
  expect(node).toBe('node')
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' })
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
  return stdout
}

test('the README shows what the demo prints', async () => {
  const text = demo()
  await expect(text).toMatchFileSnapshot(`${HERE}nginx-upstream-slow-pool/demo.txt`)
  const shown = text.slice(0, text.indexOf('  In Wireshark\n'))
  const readme = readFileSync(`${ROOT}README.md`, 'utf8')
  const renewed = readme.replace(/^```text\n504 .*?^```$/ms, () => `\`\`\`text\n${shown}\`\`\``)
  await expect(renewed).toMatchFileSnapshot(`${ROOT}README.md`)
})
