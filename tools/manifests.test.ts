// What keeps `npm ci` the same for everybody: exact versions, and a lock that is whole and names no server.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

type Names = Record<string, string>
interface Manifest {
  dependencies?: Names
  devDependencies?: Names
  optionalDependencies?: Names
  resolved?: string
}

const read = <T>(file: string): T => JSON.parse(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')) as T

test.each(['package.json', 'packages/core/package.json', 'packages/cli/package.json', 'packages/testkit/package.json'])(
  '%s pins every version',
  (file) => {
    const { dependencies, devDependencies } = read<Manifest>(file)
    const all = Object.entries({ ...dependencies, ...devDependencies })
    expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
  },
)

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
