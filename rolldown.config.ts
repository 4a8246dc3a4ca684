// The command in a few files, which start twice as fast as two hundred: itself, its thread, and what both need; and beside
// them the page, as vite built it. They are all of it that is published, so the licences of what is inside go with them.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Plugin, RolldownOptions } from 'rolldown'
import { noticesOf } from './tools/third-party.ts'

const PAGE = fileURLToPath(new URL('packages/web/dist/', import.meta.url))

/** `web/`: the page, with the licences of its own parts. */
const page: Plugin = {
  name: 'page',
  generateBundle() {
    if (!existsSync(PAGE)) throw new Error('the page is not built: vite build packages/web')
    for (const name of readdirSync(PAGE)) {
      this.emitFile({ type: 'asset', fileName: `web/${name}`, source: readFileSync(`${PAGE}${name}`) })
    }
  },
}

const options: RolldownOptions = {
  input: { bundle: 'packages/cli/dist/main.js', 'observer-thread': 'packages/cli/dist/io/observer-thread.js' },
  platform: 'node',
  plugins: [noticesOf().emit, page],
  output: { dir: 'packages/cli/dist', chunkFileNames: 'bundle-[name].js' },
}

export default options
