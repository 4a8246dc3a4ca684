// The page as plain files that work from anywhere, also from a disk: one classic script and one style sheet beside
// index.html. The worker's code is a text in the script, and the worker is made from a blob: so it has the page's
// content security policy, which lets nothing connect, however the files are served.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin, type UserConfig } from 'vite'
import { noticesOf } from '../../tools/third-party.ts'

const notices = noticesOf()

const EXAMPLE = new URL('../../cases/nginx-upstream-slow-pool/', import.meta.url)

/** The captures of a case as texts in the script: the page may not fetch anything. */
const example: Plugin = {
  name: 'example',
  resolveId: (id) => (id === 'virtual:example' ? '\0example' : null),
  load(id) {
    if (id !== '\0example') return null
    const captures = ['proxy-front.pcap', 'proxy-back.pcap'].map((name) => {
      const compressed = gzipSync(readFileSync(new URL(name, EXAMPLE)), { level: 9 })
      return { name: `${name}.gz`, base64: compressed.toString('base64') }
    })
    return `export default ${JSON.stringify(captures)}`
  },
}

const config: UserConfig = defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [react(), example, notices.emit],
  worker: { format: 'iife', plugins: () => [notices.collect] },
  build: {
    target: ['chrome123', 'firefox120', 'safari17.5'],
    outDir: 'dist',
    assetsInlineLimit: 0,
    modulePreload: false,
    cssCodeSplit: false,
    chunkSizeWarningLimit: 4096,
    rollupOptions: {
      checks: { bundlerTimings: false, pluginTimings: false },
      input: 'src/main.tsx',
      output: { format: 'iife', entryFileNames: 'page.js', assetFileNames: 'page[extname]' },
    },
  },
})

export default config
