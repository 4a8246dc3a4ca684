// npm run bench -- [--base FILE] [--truth FILE] [--sizes 100M,1G,3G] [--tls 300M] [--short 100M] [--gzip 300M]
//                  [--many 1M] [--runs N] [--tools tcpdump,diagnose] [--keep]
// npm run bench -- --page [--base FILE] [--sizes 1G] [--runs N] [--keep]
//
// Wall time, CPU time and peak memory of `diagnose`, with all cores and with one, and of the tools that engineers reach
// for, in one table of one run: only ratios from one run on one machine mean anything. Every measurement is a fresh
// process; the fastest of the runs counts. Behind the table it says whether each failure in the captures was found.
//
// The captures are made on the spot: a small one multiplied; traffic over TLS without and with its key log, beside the
// same messages without TLS; short connections, 20 000 a second on either leg, where all is work per packet and per
// connection; gzip; and, each beside a tenth of it, a million connections, a million exchanges on few connections, and
// ten thousand incidents of several kinds, as one capture and as one of either leg. A size of 0 leaves one out.
//
// With --page it is the page in a browser, beside the command on the same capture; see bench-page.mjs for what is measured.
import { spawn, spawnSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { findBrowser, measurePage } from './bench-page.mjs'
import { multiply, SITES } from './multiply.mjs'
import { busyTraffic, failingTraffic, shortTraffic, tlsTraffic } from './traffic.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const COMMAND = join(ROOT, 'packages/cli/bin/pcap-surgery.js')
const GNU_TIME = '/usr/bin/time'
/** How often a process is looked at where there is no GNU time. */
const LOOK_MS = 20
const UNITS = { '': 1, K: 1e3, M: 1e6, G: 1e9 }

const OURS = 'diagnose'
const ONE_CORE = `${OURS}, one core`
const MEASURE = 'tcpdump'
const DIAGNOSE = [process.execPath, COMMAND, 'diagnose', '--format', 'json']
const FAILURES = ['-Y', 'http.response.code >= 500']
/** `slow`: measured once, however many runs. `{}` stands for the capture. */
const TOOLS = [
  { name: MEASURE, run: ['tcpdump', '-r', '{}', '-w', '/dev/null'] },
  { name: OURS, run: [...DIAGNOSE, '{}'] },
  { name: ONE_CORE, run: ['taskset', '-c', '0', ...DIAGNOSE, '{}'] },
  { name: 'capinfos', run: ['capinfos', '{}'] },
  { name: 'tcptrace', run: ['tcptrace', '-n', '{}'] },
  { name: 'tshark', run: ['tshark', '-n', '-r', '{}', ...FAILURES], slow: true },
]
/** Rows over TLS: with a key log, and over the same messages in the clear. */
const WITH_KEYS = `${OURS} --keys`
const IN_THE_CLEAR = `${OURS}, no TLS`

const { values: options } = parseArgs({
  options: {
    base: { type: 'string' },
    truth: { type: 'string' },
    page: { type: 'boolean', default: false },
    sizes: { type: 'string' },
    tls: { type: 'string', default: '300M' },
    short: { type: 'string', default: '100M' },
    gzip: { type: 'string', default: '300M' },
    many: { type: 'string', default: '1M' },
    runs: { type: 'string', default: '3' },
    tools: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
})
const sizes = (options.sizes ?? (options.page ? '1G' : '100M,1G,3G')).split(',').map((size) => bytesOf(size, '--sizes'))
const tlsSize = bytesOf(options.tls, '--tls')
const shortSize = bytesOf(options.short, '--short')
const gzipSize = bytesOf(options.gzip, '--gzip')
const many = bytesOf(options.many, '--many')
const runs = Math.max(1, Number(options.runs) || 1)
const base = options.base ?? findBase()
const hasGnuTime = existsSync(GNU_TIME) && spawnSync(GNU_TIME, ['-f', '%e', 'true']).status === 0
const wanted = options.tools?.split(',')
const chosen = TOOLS.filter(({ name }) => wanted === undefined || wanted.includes(name) || name === OURS)
const tools = chosen.filter(({ name, run }) => name === OURS || isInstalled(run[0]))
const missing = chosen.filter((tool) => !tools.includes(tool)).map(({ name }) => name)

print(
  `base: ${relative(process.cwd(), base)}; ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}; node ${process.version}`,
)
if (missing.length > 0) print(`NOT INSTALLED, NOT MEASURED: ${missing.join(', ')}`)
if (!hasGnuTime) print(`no GNU time: CPU time and peak memory are looked up every ${LOOK_MS} ms (Linux only)`)

/** What is to be said behind the table. */
const notes = []
const folder = mkdtempSync(join(tmpdir(), 'pcap-surgery-bench-'))
try {
  if (options.page) await benchPage()
  else await benchCommand()
  print(`\n${notes.join('\n')}`)
} finally {
  if (options.keep) print(`kept: ${folder}`)
  else rmSync(folder, { recursive: true })
}

async function benchCommand() {
  print('| capture | tool | wall s | CPU s | peak MB | wall ÷ first | tshark ÷ wall |')
  print('| --- | --- | ---: | ---: | ---: | ---: | ---: |')
  const truth = sizes.some((size) => size > 0) || gzipSize > 0 ? await readTruth() : []
  for (const [index, size] of sizes.entries()) {
    if (size > 0) await benchCapture(base, `${index}.pcap`, size, truth, 'large frames')
  }
  if (shortSize > 0) {
    const { plain, truth: failures } = shortTraffic()
    await benchCapture(keep('short-base.pcap', plain), 'short.pcap', shortSize, failures, 'short connections')
  }
  if (gzipSize > 0) await benchGzip(gzipSize, truth)
  if (tlsSize > 0) await benchTls(tlsSize)
  if (many > 0) await benchMany(many)
}

/** A row a run: what else the machine does meanwhile is in both of a row. */
async function benchPage() {
  if (findBrowser() === null) {
    notes.push('no Chromium here (CHROMIUM=/path/to/it names one): the page was not measured')
    return
  }
  print(
    '| capture | page s | command s | page ÷ command | page CPU s | command CPU s | page MB | browser MB | answer ms | at the verdict | busy ms |',
  )
  print('| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |')
  for (const [index, size] of sizes.entries()) {
    const { file, made } = grow(base, `page-${index}.pcap`, size)
    for (let run = 0; run < runs; run++) {
      const command = await measure([...DIAGNOSE, file], answerOf(OURS))
      const page = await measurePage(file)
      const ratio = (page.seconds / command.wall).toFixed(2)
      const times = [
        page.seconds.toFixed(2),
        command.wall.toFixed(2),
        ratio,
        page.cpu.toFixed(2),
        command.cpu.toFixed(2),
      ]
      const cells = [
        ...times,
        ...[page.peak / 1024, page.browser / 1024, page.answers.reading, page.answers.verdict, page.task].map((value) =>
          value.toFixed(0),
        ),
      ]
      print(`| ${short(made.bytes)} | ${cells.join(' | ')} |`)
      const isSame = answered(page.document) === answered(JSON.parse(readFileSync(answerOf(OURS), 'utf8')))
      const incidents = `${digits(page.document.incidents.length)} incidents`
      notes.push(`run ${run + 1}: ${isSame ? `the same answer, ${incidents}` : 'ANOTHER ANSWER THAN THE COMMAND'}`)
    }
    discard(file)
  }
  notes.push(
    'seconds of the page: from the choice of the file until the verdict was painted; of the command: from its start to its end',
    'page MB: most resident memory of the process that has the page and its worker; browser MB: of all of its processes',
    'answer: longest time from a key press until what came of it was painted, while reading and when the verdict came',
    'busy: longest task of the page (0: never 50 ms)',
  )
}

/** An answer without the names of files, which the command knows with their folders. */
function answered(document) {
  return JSON.stringify(document, (key, value) => (key === 'file' ? undefined : value))
}

async function benchCapture(from, name, size, truth, kind) {
  const { file, made } = grow(from, name, size)
  const best = await measureAll(
    `${kind}, ${short(made.bytes)}`,
    tools.map((tool) => over(file, tool)),
  )
  if (best.get(OURS).failure === null) note(kind, made, compare(truth, answerOf(OURS), made))
  discard(file)
}

/** What reading compressed captures costs, beside the tool that only decompresses. */
async function benchGzip(size, truth) {
  if (!isInstalled('gzip') || !isInstalled('zcat')) {
    notes.push('gzip or zcat is NOT INSTALLED: compressed input was not measured')
    return
  }
  const { file, made } = grow(base, 'packed.pcap', size, 'gzip')
  spawnSync('gzip', ['-1', file])
  const packed = `${file}.gz`
  const rows = [{ name: 'zcat', run: ['zcat', packed] }, ...tools.filter(({ name }) => name.startsWith(OURS))]
  const best = await measureAll(
    `gzip, ${short(made.bytes)} unpacked`,
    rows.map((tool) => over(packed, tool)),
  )
  if (best.get(OURS).failure === null) note('gzip', made, compare(truth, answerOf(OURS), made))
  discard(packed)
}

/** Whether time and memory grow in proportion to connections, exchanges and incidents: ten times as many of each. */
async function benchMany(most) {
  const traffic = shortTraffic(50)
  await benchGrowth('connections', most, (number) => ({
    ...traffic,
    copies: number / (traffic.exchanges + traffic.truth.length),
    number: ({ exchanges, truth }, copies) => (exchanges + truth.length) * copies,
  }))
  // Few connections stay few: they get longer.
  const ofSites = { copies: SITES, number: ({ exchanges }, copies) => exchanges * copies }
  await benchGrowth('exchanges on few connections', most, (number) => ({
    ...busyTraffic(Math.ceil(number / SITES / 8)),
    ...ofSites,
  }))
  const failing = (number) => ({
    ...failingTraffic(Math.ceil(number / SITES)),
    ...ofSites,
    number: ({ truth }, copies) => truth.length * copies,
  })
  await benchGrowth('incidents', most / 100, failing)
  if (isInstalled('tcpdump')) await benchGrowth('incidents, a capture of either leg', most / 100, failing, [80, 8080])
}

/** `traffic` makes the base for so many of what is counted; `ports`: those of the legs that are captured by themselves. */
async function benchGrowth(what, most, traffic, ports = []) {
  const found = []
  for (const size of [most / 10, most]) {
    const { plain, truth, exchanges, copies, number } = traffic(size)
    const { file, made } = grow(keep('many-base.pcap', plain), 'many.pcap', (plain.length - 24) * copies, 'many')
    const files = ports.length === 0 ? [file] : ports.map((port) => legOf(file, port))
    const count = number({ exchanges, truth }, made.copies)
    const rows = tools.filter(({ name }) => name.startsWith(OURS) || (name === MEASURE && files.length === 1))
    const best = await measureAll(
      `${short(count)} ${what}`,
      rows.map(({ run, ...tool }) => ({ ...tool, run: run.flatMap((word) => (word === '{}' ? files : [word])) })),
    )
    for (const one of new Set([file, ...files])) discard(one)
    const ours = best.get(OURS)
    if (ours.failure !== null) return
    note(`${digits(count)} ${what}`, made, compare(truth, answerOf(OURS), made))
    found.push({ ...ours, count })
  }
  const [few, all] = found
  const times = (of) => (of(all) / of(few)).toFixed(1)
  notes.push(
    `${times((row) => row.count)} times as many ${what} take ` +
      `${times(({ cpu }) => cpu)} times the CPU time and ${times(({ peak }) => peak)} times the memory`,
  )
}

/** The packets of one port of a capture, as another one. */
function legOf(file, port) {
  const leg = `${file}.${port}`
  spawnSync('tcpdump', ['-r', file, '-w', leg, 'tcp', 'port', String(port)])
  return leg
}

/** What TLS costs: without keys, with them, and beside the same messages without it. */
async function benchTls(size) {
  const { tls, plain, keys, truth } = await tlsTraffic()
  const sealed = grow(keep('tls-base.pcap', tls), 'tls.pcap', size, 'TLS')
  // As many copies of the one as of the other: then both have the same messages.
  const clear = grow(
    keep('plain-base.pcap', plain),
    'plain.pcap',
    (plain.length - 24) * sealed.made.copies,
    'the same without TLS',
  )
  const log = keep('keys.log', keys)
  const rows = [
    ...tools.filter(({ name }) => name === MEASURE || name === OURS).map((tool) => over(sealed.file, tool)),
    { name: WITH_KEYS, run: [...DIAGNOSE, '--keys', log, sealed.file] },
    { name: IN_THE_CLEAR, run: [...DIAGNOSE, clear.file] },
    ...tools
      .filter(({ name }) => name === 'tshark')
      .map(({ run, ...tool }) => ({
        ...over(sealed.file, { run: [run[0], '-o', `tls.keylog_file:${log}`, ...run.slice(1)], ...tool }),
      })),
  ]
  const best = await measureAll(`TLS, ${short(sealed.made.bytes)}`, rows)
  const [without, withKeys, twin] = [OURS, WITH_KEYS, IN_THE_CLEAR].map((name) => best.get(name))
  if ([without, withKeys, twin].every(({ failure }) => failure === null)) {
    const times = (row) => `${(row.wall / twin.wall).toFixed(2)} (CPU ${(row.cpu / twin.cpu).toFixed(2)})`
    const speed = (seconds) => `${(sealed.made.bytes / 1e6 / seconds).toFixed(0)} MB/s`
    notes.push(`TLS takes, of the time without TLS: without keys ${times(without)}, with keys ${times(withKeys)}`)
    notes.push(
      `with keys ${speed(withKeys.wall)}; what decryption adds to the time without TLS: ${speed(withKeys.wall - twin.wall)}`,
    )
  }
  for (const name of [WITH_KEYS, IN_THE_CLEAR, OURS]) {
    if (best.get(name).failure === null) note(name, sealed.made, compare(truth, answerOf(name), sealed.made))
  }
  discard(sealed.file)
  discard(clear.file)
}

/** The capture multiplied to a size. */
function grow(from, name, size) {
  const file = join(folder, name)
  const made = multiply(from, file, size)
  return { file, made: { ...made, copies: made.sites * made.rounds } }
}

function note(kind, { bytes, frames }, result) {
  notes.push(`${kind}, ${digits(bytes)} bytes, ${digits(frames)} frames: ${result}`)
}

function keep(name, content) {
  const file = join(folder, name)
  writeFileSync(file, content)
  return file
}

function discard(file) {
  if (!options.keep) rmSync(file)
}

/** A tool's row over a capture. */
function over(file, { run, ...tool }) {
  return { ...tool, run: run.map((word) => (word === '{}' ? file : word)) }
}

/** Where the document of a row of ours is. */
function answerOf(name) {
  return join(folder, `${name.replaceAll(/\W+/g, '-')}.json`)
}

/** The rows of one capture in the table, of each its fastest run. */
async function measureAll(capture, rows) {
  const best = new Map()
  for (let run = 0; run < runs; run++) {
    for (const { name, run: words, slow } of rows) {
      if (slow && run > 0) continue
      const found = await measure(words, name.startsWith(OURS) ? answerOf(name) : '/dev/null')
      if (found.failure !== null) notes.push(`${name} FAILED: ${found.failure}`)
      if (!(found.wall >= best.get(name)?.wall)) best.set(name, found)
    }
  }
  const [first] = best.values()
  const tshark = best.get('tshark')?.wall
  for (const [name, { wall, cpu, peak, failure }] of best) {
    const cells = [wall.toFixed(2), cpu.toFixed(2), (peak / 1024).toFixed(0), (wall / first.wall).toFixed(1)]
    cells.push(tshark === undefined ? '' : (tshark / wall).toFixed(1))
    print(`| ${capture} | ${name} | ${failure === null ? cells.join(' | ') : 'failed | | | | '} |`)
  }
  return best
}

/** Runs a program to its end. Seconds of wall and CPU time; peak resident memory in KiB; why it failed, or null. */
async function measure([program, ...args], stdout) {
  const report = join(folder, 'time.txt')
  const out = openSync(stdout, 'w')
  const words = hasGnuTime ? [GNU_TIME, '-o', report, '-f', '%e %U %S %M', program, ...args] : [program, ...args]
  const start = performance.now()
  const child = spawn(words[0], words.slice(1), { stdio: ['ignore', out, 'pipe'] })
  let talk = ''
  child.stderr.on('data', (text) => (talk = (talk + text).slice(-400)))
  const seen = { cpu: NaN, peak: NaN }
  const looking = hasGnuTime ? null : setInterval(() => look(child.pid, seen), LOOK_MS)
  const status = await new Promise((resolve) => {
    child.on('close', resolve)
    child.on('error', resolve)
  })
  const wall = (performance.now() - start) / 1000
  if (looking !== null) clearInterval(looking)
  closeSync(out)
  if (hasGnuTime && existsSync(report)) {
    const [, user, system, peak] = readFileSync(report, 'utf8').trim().split('\n').at(-1).split(' ').map(Number)
    seen.cpu = user + system
    seen.peak = peak
  }
  return { wall, ...seen, failure: status === 0 ? null : `${status}: ${talk.trim()}` }
}

/** CPU time and peak memory so far, from Linux's /proc; whatever cannot be read stays as it is. */
function look(pid, seen) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
    seen.cpu = (Number(fields[11]) + Number(fields[12])) / 100 // USER_HZ
    seen.peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? seen.peak)
  } catch {
    // Gone already, or no Linux.
  }
}

/**
 * The failures in the base: path, client and the causes that are right. From the truth file, or, where there is none,
 * as `diagnose` finds them in the base itself.
 */
async function readTruth() {
  const file = options.truth ?? base.replace(/\.pcap$/, '.truth.json')
  if (existsSync(file)) {
    return JSON.parse(readFileSync(file, 'utf8')).incidents.map(({ path, client, cause, accept }) => ({
      path,
      client,
      causes: accept ?? [cause],
    }))
  }
  print(`no ${relative(process.cwd(), file)}: right is what diagnose says of the base`)
  const answer = join(folder, 'base.json')
  const { failure } = await measure([process.execPath, COMMAND, 'diagnose', '--format', 'json', base], answer)
  if (failure !== null) return []
  return incidentsIn(answer).map(({ path, client, cause }) => ({ path, client, causes: [cause] }))
}

/** How many of the copies of each failure were found, and how many things that are none. */
function compare(truth, answer, { copies }) {
  const left = new Map(truth.map((failure) => [`${failure.path} ${failure.client}`, { ...failure, copies }]))
  let right = 0
  let wrong = 0
  const others = new Map()
  for (const { path, client, cause } of incidentsIn(answer)) {
    // Inside of TLS nobody reads the path.
    const there = home(client, truth)
    const failure = left.get(`${path ?? there?.path} ${there?.client ?? client}`)
    if (failure !== undefined && failure.copies-- > 0 && failure.causes.includes(cause)) right++
    else {
      wrong++
      others.set(`${path} ${cause}`, (others.get(`${path} ${cause}`) ?? 0) + 1)
    }
  }
  const expected = truth.length * copies
  const list = [...others].slice(0, 8).map(([what, count]) => `${count} × ${what}`)
  return `incidents: ${right} of ${expected} found with the right cause; ${wrong} others${wrong > 0 ? `: ${list.join(', ')}` : ''}`
}

/** A failure in the base of this client's, whatever the site: sites differ in the third octet. */
function home(client, truth) {
  return truth.find((failure) => anySite(failure.client) === anySite(client))
}

function anySite(address) {
  return address?.replace(/^(\d+\.\d+)\.\d+\./, '$1.*.')
}

function incidentsIn(file) {
  return JSON.parse(readFileSync(file, 'utf8')).incidents
}

/** The project's benchmark material, where it lies beside the checkout; else the largest pcap among the cases. */
function findBase() {
  const material = join(ROOT, '../shared/bench/base.pcap')
  if (existsSync(material)) return material
  const cases = join(ROOT, 'cases')
  const found = readdirSync(cases, { recursive: true })
    .filter((name) => name.endsWith('.pcap'))
    .map((name) => join(cases, name))
    .toSorted((a, b) => statSync(b).size - statSync(a).size)
  if (found.length === 0) throw new Error('no capture to begin with: name one with --base FILE')
  return found[0]
}

function isInstalled(program) {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined
}

/** `100M` in bytes. */
function bytesOf(text, option) {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([KMG]?)B?$/i.exec(text.trim()) ?? []
  if (number === undefined) throw new Error(`${option} ${text}: not a size such as 100M or 1G`)
  return Number(number) * UNITS[unit.toUpperCase()]
}

/** `3109326360` as `3.1G`. */
function short(n) {
  const [unit, size] = Object.entries(UNITS).findLast(([, value]) => n >= value)
  return `${Number((n / size).toPrecision(2))}${unit}`
}

function digits(n) {
  return n.toLocaleString('en-US')
}

function print(line) {
  process.stdout.write(`${line}\n`)
}
