// The command in a few files, which start twice as fast as two hundred: itself, its thread, and what both need. They are
// all of it that is published, so the licences of what is inside go with them.
import { readFileSync } from 'node:fs'
import type { Plugin, RolldownOptions } from 'rolldown'

/** `dist/THIRD-PARTY.txt`: each package that a bundle has modules of, with its licence. */
const thirdParty: Plugin = {
  name: 'third-party',
  generateBundle(_, bundle) {
    const modules = Object.values(bundle).flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []))
    const folders = new Set(
      modules.flatMap((id) => /^.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+/.exec(id) ?? []),
    )
    const texts = [...folders].toSorted().map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
      return `${name} ${version} (${license})\n\n${readFileSync(`${folder}/LICENSE`, 'utf8').trim()}\n`
    })
    this.emitFile({ type: 'asset', fileName: 'THIRD-PARTY.txt', source: texts.join(`\n${'-'.repeat(80)}\n\n`) })
  },
}

const options: RolldownOptions = {
  input: { bundle: 'packages/cli/dist/main.js', 'observer-thread': 'packages/cli/dist/io/observer-thread.js' },
  platform: 'node',
  plugins: [thirdParty],
  output: { dir: 'packages/cli/dist', chunkFileNames: 'bundle-[name].js' },
}

export default options
