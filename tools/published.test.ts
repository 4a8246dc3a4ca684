// What would be published: packed by npm, looked at by those who know what goes wrong, installed into empty folders
// without a network, and run there.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { build } from 'rolldown'
import { afterAll, beforeAll, expect, test } from 'vitest'
import bundle from '../rolldown.config.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'published-'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Packed {
  name: string
  filename: string
  files: { path: string }[]
}
let core: Packed
let cli: Packed
const commandUser = join(folder, 'command-user')
const coreUser = join(folder, 'core-user')

// Without the settings of the npm that runs the tests.
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)))
const npm = (cwd: string, ...args: string[]): string =>
  execFileSync('npm', args, { cwd, env, encoding: 'utf8', stdio: 'pipe', shell: process.platform === 'win32' })

function install(where: string, tarballs: readonly string[]): void {
  mkdirSync(where)
  writeFileSync(join(where, 'package.json'), '{ "private": true, "type": "module" }')
  const files = tarballs.map((file) => join(folder, file))
  npm(where, 'install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', ...files)
}

beforeAll(async () => {
  // Bundled apart from the workspace, where other tests run the command meanwhile.
  const staged = join(folder, 'pcap-surgery')
  for (const name of ['package.json', 'README.md', 'LICENSE', 'bin']) {
    cpSync(join(root, 'packages/cli', name), join(staged, name), { recursive: true })
  }
  await build({ ...bundle, cwd: root, logLevel: 'warn', output: { ...bundle.output, dir: join(staged, 'dist') } })
  const used = ['@noble/ciphers', '@noble/hashes', 'fzstd'].map((name) => join(root, 'node_modules', name))
  const packed: Packed[] = Object.values(
    JSON.parse(npm(folder, 'pack', '--json', '--ignore-scripts', staged, join(root, 'packages/core'), ...used)),
  )
  cli = packed.find(({ name }) => name === 'pcap-surgery')!
  core = packed.find(({ name }) => name === '@pcap-surgery/core')!
  install(commandUser, [cli.filename])
  install(
    coreUser,
    packed.filter((one) => one !== cli).map(({ filename }) => filename),
  )
}, 180_000)

const tarball = ({ filename }: Packed): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(join(folder, filename)))
const pathsOf = ({ files }: Packed): string[] => files.map(({ path }) => path)

test('the command is published as its bundle and the page, with the licences of what is inside', () => {
  expect(pathsOf(cli).toSorted()).toEqual([
    'LICENSE',
    'README.md',
    'bin/pcap-surgery.js',
    'dist/THIRD-PARTY.txt',
    'dist/bundle-keys.js',
    'dist/bundle.js',
    'dist/observer-thread.js',
    'dist/web/THIRD-PARTY.txt',
    'dist/web/feed.js',
    'dist/web/index.html',
    'dist/web/page.css',
    'dist/web/page.js',
    'package.json',
  ])
  const installed = join(commandUser, 'node_modules/pcap-surgery/dist')
  const notices = readFileSync(join(installed, 'THIRD-PARTY.txt'), 'utf8')
  const scripts = readdirSync(installed).filter((name) => name.endsWith('.js'))
  const code = scripts.map((name) => readFileSync(join(installed, name), 'utf8'))
  const inside = new Set(
    code.flatMap((text) => [...text.matchAll(/^\/\/ .*node_modules\/((?:@\w+\/)?\w+)/gm)]).map((m) => m[1]),
  )
  expect([...inside]).toContain('commander')
  for (const name of inside) expect(notices).toMatch(new RegExp(`^${name} [\\d.]+ \\(MIT\\)$`, 'm'))
  expect(notices.match(/Permission is hereby granted/g)).toHaveLength(inside.size)
})

// Minified, it does not say what it has; that is what the bundler took, which is some of what it may (manifests.test.ts).
test('the page has the licences of what is inside', () => {
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'packages/web/package.json'), 'utf8'))
  const notices = readFileSync(join(commandUser, 'node_modules/pcap-surgery/dist/web/THIRD-PARTY.txt'), 'utf8')
  const named = new Map(
    [...notices.matchAll(/^(\S+) ([\d.]+) \((.*)\)$/gm)].map(([, name, version]) => [name, version]),
  )
  for (const name of ['react', 'react-dom', 'zustand', 'pako']) expect(named.get(name)).toBe(devDependencies[name])
  for (const name of ['@noble/ciphers', '@noble/hashes', 'fzstd']) expect([...named.keys()]).toContain(name)
  expect(notices.match(/Permission (is hereby granted|to use, copy)/g)!.length).toBeGreaterThanOrEqual(named.size)
})

test('the core is published with its sources, which its maps name, and without tests', () => {
  const paths = new Set(pathsOf(core))
  expect([...paths].filter((path) => /\.test\.|tsbuildinfo|snap|fixture|\.pcap/.test(path))).toEqual([])
  for (const path of ['LICENSE', 'README.md', 'dist/index.js', 'dist/index.d.ts', 'schema/diagnosis-1.schema.json']) {
    expect(paths).toContain(path)
  }
  const sources = [...paths].filter((path) => /^src\/.*(?<!\.d)\.ts$/.test(path))
  const wanted = sources.flatMap((path) =>
    ['.js', '.js.map', '.d.ts', '.d.ts.map'].map((end) => path.replace(/^src/, 'dist').replace(/\.ts$/, end)),
  )
  expect(wanted.filter((path) => !paths.has(path))).toEqual([])
})

test.each(['core', 'cli'])('publint finds nothing in %s', async (name) => {
  const { buffer } = tarball(name === 'core' ? core : cli)
  const { messages } = await publint({ pack: { tarball: buffer }, strict: true })
  expect(messages).toEqual([])
})

// It is for modules alone: the two that it is not for are require() of old, and resolution as before `exports`.
test('the types of the core are right', async () => {
  const { problems } = (await checkPackage(createPackageFromTarballData(tarball(core)))) as { problems: object[] }
  const ours = problems.filter(
    (problem) => !('resolutionKind' in problem && ['node10', 'node16-cjs'].includes(problem.resolutionKind as string)),
  )
  expect(ours).toEqual([])
})

const CASE = join(root, 'cases/nginx-upstream-slow-pool')
const captures = ['proxy-front.pcap', 'proxy-back.pcap'].map((file) => join(CASE, file))
const verdicts = (json: string): string[] =>
  JSON.parse(json).incidents.map((incident: Record<string, string>) => `${incident['cause']} ${incident['confidence']}`)
const expected = (): string[] => verdicts(readFileSync(join(CASE, 'expected.json'), 'utf8'))

test('the example of the core compiles for its users, and runs', () => {
  const [, example] = /```ts\n(.*?)```/s.exec(readFileSync(join(root, 'packages/core/README.md'), 'utf8'))!
  writeFileSync(join(coreUser, 'example.ts'), example!)
  const compile = (module: string, resolution: string): string => {
    const where = ['--typeRoots', join(root, 'node_modules/@types'), '--types', 'node']
    const how = ['--strict', '--skipLibCheck', 'false', '--target', 'es2023', '--lib', 'es2023']
    const args = ['example.ts', '--module', module, '--moduleResolution', resolution, ...how, ...where]
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    return spawnSync(process.execPath, [tsc, ...args], { cwd: coreUser, encoding: 'utf8' }).stdout
  }
  expect(compile('esnext', 'bundler')).toBe('')
  expect(compile('nodenext', 'nodenext')).toBe('')
  const { stdout, stderr } = spawnSync(process.execPath, ['example.js', ...captures], {
    cwd: coreUser,
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  const said = stdout.trim().split('\n')
  expect(said).toEqual(expected().map((verdict) => expect.stringContaining(verdict)))
})

function command(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const bin = join(commandUser, 'node_modules/pcap-surgery/bin/pcap-surgery.js')
  return spawnSync(process.execPath, [bin, ...args], { cwd: commandUser, encoding: 'utf8', maxBuffer: 1 << 28 })
}

test('the command runs with nothing else installed', () => {
  expect(readdirSync(join(commandUser, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
    'pcap-surgery',
  ])
  const { status, stdout, stderr } = command('diagnose', '--format', 'json', ...captures)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(verdicts(stdout)).toEqual(expected())
})

test('and serves the page', async () => {
  const bin = join(commandUser, 'node_modules/pcap-surgery/bin/pcap-surgery.js')
  const child = spawn(process.execPath, [bin, 'ui', '--no-open'], { stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    const address = await new Promise<string>((resolve) => {
      child.stdout.once('data', (line: Buffer) => resolve(line.toString().trim()))
    })
    expect(await (await fetch(address)).text()).toContain('<title>PCAP Surgery</title>')
    expect((await fetch(`${address}page.js`)).status).toBe(200)
  } finally {
    child.kill()
  }
})

// With fewer processors it does not (io/observing.ts).
test.skipIf(availableParallelism() < 4)(
  'and observes large captures in threads',
  () => {
    const large = captures.map((file, i) => {
      const grown = join(folder, `${i}.pcap`)
      writeFileSync(grown, grow(readFileSync(file)))
      return grown
    })
    const { status, stdout } = command('diagnose', '--format', 'json', ...large)
    expect(status).toBe(0)
    expect(verdicts(stdout)).toEqual(expected())
    rmSync(join(commandUser, 'node_modules/pcap-surgery/dist/observer-thread.js'))
    expect(command('diagnose', '--format', 'json', ...large).status).not.toBe(0)
  },
  120_000,
)

/** A pcap file with frames of no known protocol behind its own, as large as keeps a thread busy: 64 MiB. */
function grow(pcap: Buffer): Buffer {
  const length = 256 * 1024
  const frame = Buffer.alloc(16 + length)
  pcap.copy(frame, 0, 24, 32) // seconds and microseconds of the first record
  frame.writeUInt32LE(length, 8)
  frame.writeUInt32LE(length, 12)
  return Buffer.concat([pcap, ...Array.from({ length: 256 }, () => frame)])
}
