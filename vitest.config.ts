import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (name: string): string => fileURLToPath(new URL(`packages/${name}/src/index.ts`, import.meta.url))

// Tests run on the sources; only the tests that start the command need the build that `npm test` makes first.
export default defineConfig({
  resolve: { alias: { '@pcap-surgery/core': source('core'), '@pcap-surgery/testkit': source('testkit') } },
  test: {
    include: [
      'packages/*/src/**/*.test.{ts,tsx}',
      'packages/web/browser/*.test.ts',
      'cases/*.test.ts',
      'tools/**/*.test.ts',
    ],
    testTimeout: 30_000,
  },
})
