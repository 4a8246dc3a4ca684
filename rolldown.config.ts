// The command in a few files, which start twice as fast as two hundred: itself, its thread, and what both need.
import type { RolldownOptions } from 'rolldown'

const options: RolldownOptions = {
  input: { bundle: 'packages/cli/dist/main.js', 'observer-thread': 'packages/cli/dist/io/observer-thread.js' },
  platform: 'node',
  output: { dir: 'packages/cli/dist', chunkFileNames: 'bundle-[name].js' },
}

export default options
