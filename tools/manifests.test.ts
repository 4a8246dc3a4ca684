// What keeps `npm ci` the same for everybody, and harmless: exact versions, a lock that is whole and names no server, no
// script of anybody else's, known licences.
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

type Names = Record<string, string>
interface Manifest {
  dependencies?: Names
  devDependencies?: Names
  optionalDependencies?: Names
  scripts?: Names
  resolved?: string
  integrity?: string
  license?: string
  hasInstallScript?: boolean
}

const text = (file: string): string => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
const read = <T>(file: string): T => JSON.parse(text(file)) as T

test.each([
  'package.json',
  'packages/core/package.json',
  'packages/cli/package.json',
  'packages/testkit/package.json',
  'packages/web/package.json',
])('%s pins every version', (file) => {
  const { dependencies, devDependencies } = read<Manifest>(file)
  const all = Object.entries({ ...dependencies, ...devDependencies })
  expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
})

const { packages } = read<{ packages: Record<string, Manifest> }>('package-lock.json')

test('the lock names no server', () => {
  const addresses = Object.values(packages).flatMap(({ resolved }) => (resolved?.includes(':') ? [resolved] : []))
  expect(addresses).toEqual([])
})

// npm leaves out binaries of other platforms that its registry did not have; `npm ci` then fails there.
test('the lock has the binaries of every platform', () => {
  const locked = new Set(Object.keys(packages).map((path) => path.slice(path.lastIndexOf('node_modules/') + 13)))
  const wanted = Object.values(packages).flatMap(({ optionalDependencies }) => Object.keys(optionalDependencies ?? {}))
  expect(wanted.filter((name) => !locked.has(name))).toEqual([])
})

const others = Object.entries(packages).filter(
  ([path]) => path.startsWith('node_modules/') && !path.includes('pcap-surgery'),
)

test('the lock knows everything by its SHA-512', () => {
  expect(others.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'))).toEqual([])
})

test('nothing that is installed runs a script, and none would be run', () => {
  expect(text('.npmrc')).toMatch(/^ignore-scripts=true$/m)
  const installed = others.filter(([path]) => existsSync(new URL(`../${path}/package.json`, import.meta.url)))
  const scripted = installed.filter(([path, { hasInstallScript }]) => {
    const { scripts = {} } = read<Manifest>(`${path}/package.json`)
    return hasInstallScript || ['preinstall', 'install', 'postinstall'].some((name) => name in scripts)
  })
  expect(scripted.map(([path]) => path)).toEqual([])
})

// All that runs at the user's, in the bundle, in the page or beside the core, and all below it. A licence that is new here
// is to be read before it is added.
test('what is used at run time is this, under these licences', () => {
  const { dependencies: core } = read<Manifest>('packages/core/package.json')
  const { dependencies: cli, devDependencies: bundled } = read<Manifest>('packages/cli/package.json')
  const { dependencies: web, devDependencies: page } = read<Manifest>('packages/web/package.json')
  expect({ cli, web }).toEqual({})
  // What builds and types the page is not in it.
  const builds = /^@types\/|^vite$|^@vitejs\/|^@pcap-surgery\//
  const names = new Set(Object.keys({ ...core, ...bundled, ...page }).filter((name) => !builds.test(name)))
  for (const name of names) {
    for (const below of Object.keys(packages[`node_modules/${name}`]!.dependencies ?? {})) names.add(below)
  }
  const licences = [...names].toSorted().map((name) => [name, packages[`node_modules/${name}`]!.license])
  expect(Object.fromEntries(licences)).toEqual({
    '@babel/runtime': 'MIT',
    '@base-ui/react': 'MIT',
    '@base-ui/utils': 'MIT',
    '@floating-ui/core': 'MIT',
    '@floating-ui/dom': 'MIT',
    '@floating-ui/react-dom': 'MIT',
    '@floating-ui/utils': 'MIT',
    '@noble/ciphers': 'MIT',
    '@noble/hashes': 'MIT',
    commander: 'MIT',
    fzstd: 'MIT',
    'lucide-react': 'ISC',
    pako: '(MIT AND Zlib)',
    react: 'MIT',
    'react-dom': 'MIT',
    reselect: 'MIT',
    scheduler: 'MIT',
    uplot: 'MIT',
    'use-sync-external-store': 'MIT',
    zustand: 'MIT',
  })
})

test('what development uses is under licences that are known', () => {
  const known = new Set([
    '0BSD',
    'Apache-2.0',
    'BSD-3-Clause',
    'BlueOak-1.0.0',
    'ISC',
    'MIT',
    '(MIT AND Zlib)',
    'MPL-2.0',
  ])
  expect(others.filter(([, { license }]) => !known.has(license!))).toEqual([])
})

test.each(['core', 'cli'])('packages/%s is published with the licence of this project', (name) => {
  expect(text(`packages/${name}/LICENSE`)).toBe(text('LICENSE'))
  expect(read<Manifest>(`packages/${name}/package.json`).license).toBe('MIT')
})
