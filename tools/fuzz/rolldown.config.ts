// The fuzzer and all that it runs as one file: its counters are then those of one script.
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'rolldown'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

export default defineConfig({
  input: path('main.ts'),
  platform: 'node',
  resolve: { alias: { '@pcap-surgery/core': path('../../packages/core/src/index.ts') } },
  output: { file: path('dist/fuzz.js') },
})
