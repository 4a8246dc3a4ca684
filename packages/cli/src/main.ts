import { run } from './program.ts'

// A reader that has seen enough (`| head`) is no error. Other failures reach whoever was writing.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

process.exitCode = await run(process.argv)
