// The page as plain files that work from anywhere, also from a disk: one classic script and one style sheet beside
// index.html. The worker's code is a text in the script, and the worker is made from a blob: so it has the page's
// content security policy, which lets nothing connect, however the files are served.
import react from '@vitejs/plugin-react'
import { defineConfig, type UserConfig } from 'vite'
import { noticesOf } from '../../tools/third-party.ts'

const notices = noticesOf()

const config: UserConfig = defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [react(), notices.emit],
  worker: { format: 'iife', plugins: () => [notices.collect] },
  build: {
    target: ['chrome123', 'firefox120', 'safari17.5'],
    outDir: 'dist',
    assetsInlineLimit: 0,
    modulePreload: false,
    cssCodeSplit: false,
    chunkSizeWarningLimit: 4096,
    rollupOptions: {
      input: 'src/main.tsx',
      output: { format: 'iife', entryFileNames: 'page.js', assetFileNames: 'page[extname]' },
    },
  },
})

export default config
