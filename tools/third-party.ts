// THIRD-PARTY.txt: each package that a bundle has modules of, with its licence. What is published has none beside it.
import { readFileSync } from 'node:fs'
import type { Plugin } from 'rolldown'

const PACKAGE = /^.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+/

/**
 * `emit` writes the file; `collect` only looks, for a bundle that goes into another one (a worker), which has to be made
 * before it.
 */
export function noticesOf(): { emit: Plugin; collect: Plugin } {
  const folders = new Set<string>()
  const look = (bundle: Record<string, { type: string; moduleIds?: string[] }>): void => {
    for (const { moduleIds = [] } of Object.values(bundle)) {
      for (const id of moduleIds) for (const folder of PACKAGE.exec(id) ?? []) folders.add(folder)
    }
  }
  return {
    collect: { name: 'third-party-collect', generateBundle: (_, bundle) => look(bundle) },
    emit: {
      name: 'third-party',
      generateBundle(_, bundle) {
        look(bundle)
        const texts = [...folders].toSorted().map(notice)
        this.emitFile({ type: 'asset', fileName: 'THIRD-PARTY.txt', source: texts.join(`\n${'-'.repeat(80)}\n\n`) })
      },
    },
  }
}

function notice(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
  return `${name} ${version} (${license})\n\n${readFileSync(`${folder}/LICENSE`, 'utf8').trim()}\n`
}
