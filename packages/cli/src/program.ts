// The command line: options, help, and the exit status. What a command does is in commands/.
import { readFileSync } from 'node:fs'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { Vantage } from '@pcap-surgery/core'
import { diagnoseCommand, type DiagnoseOptions } from './commands/diagnose.ts'
import { schemaCommand } from './commands/schema.ts'
import type { VantageHint } from './io/captures.ts'
import { say } from './io/talk.ts'

/** Exit statuses, as promised in the help. */
export const RAN = 0
export const FOUND = 1
export const FAILED = 2

const VANTAGES: readonly string[] = ['client', 'proxy-front', 'proxy-back', 'upstream'] satisfies Vantage[]

const EXAMPLES = `
Examples:
  pcap-surgery diagnose proxy.pcap
  pcap-surgery diagnose front.pcapng back.pcapng.gz --checklist
  pcap-surgery diagnose *.pcap --keys proxy-keys.log --keys client-keys.log
  tcpdump -i any -s 0 -w - 'tcp or icmp' | pcap-surgery diagnose -
  pcap-surgery diagnose *.pcap --format json --output diagnosis.json
`

const STATUSES = `
Exit status:
  0  it ran, whatever it found
  1  with --exit-code: there is at least one incident
  2  wrong use, or an input could not be read or is damaged; what could be read is still reported
`

/** Runs the command line and answers the exit status. Does not throw. */
export async function run(argv: readonly string[]): Promise<number> {
  let status = RAN
  const program = build((result) => {
    status = result
  })
  try {
    await program.parseAsync(argv)
    return status
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? RAN : FAILED
    defect(error)
    return FAILED
  }
}

/** Users' mistakes and bad input are answered where they are found. What comes here is ours. */
function defect(error: unknown): void {
  say('this is a defect of pcap-surgery, not of your captures; please report it with these lines:')
  const lines = error instanceof Error && error.stack !== undefined ? error.stack.split('\n') : [String(error)]
  for (const line of lines) say(line)
}

function build(done: (status: number) => void): Command {
  const program = new Command('pcap-surgery')
    .description('Names the cause of an HTTP 502, 503 or 504 from packet captures.')
    .version(version(), '-V, --version')
    .showHelpAfterError('(--help shows how it is used)')
    .exitOverride()
  program
    .command('diagnose')
    .description('find every request that a proxy failed on an upstream’s behalf, and name the cause')
    .argument('<capture...>', 'pcap or pcapng, plain or compressed (gzip, zstd, lz4); - is standard input')
    .addOption(new Option('-f, --format <format>', 'how to answer').choices(['text', 'json']).default('text'))
    .option('-o, --output <file>', 'write the answer to a file instead of standard output')
    .option(
      '-k, --keys <file>',
      'TLS key log (SSLKEYLOGFILE) to decrypt with, may be repeated',
      (file, before: string[] = []) => [...before, file],
    )
    .option(
      '--vantage <file=name>',
      `where a capture was taken: ${VANTAGES.join(', ')}; for a leg that was captured alone, may be repeated`,
      (hint, before: VantageHint[] = []) => [...before, vantageHint(hint)],
    )
    .option('--checklist', 'show the ten steps of every incident')
    .option('--all', 'print every incident in full instead of one of each kind')
    .option('--exit-code', 'exit with 1 when there is at least one incident')
    .option('--no-color', 'no colour, even on a terminal (so does NO_COLOR)')
    .addHelpText('after', EXAMPLES + STATUSES)
    .action(async (captures: string[], options: DiagnoseOptions) => done(await diagnoseCommand(captures, options)))
  program
    .command('schema')
    .description('print the JSON Schema of the answer of diagnose --format json')
    .action(async () => done(await schemaCommand()))
  return program
}

/** `FILE=NAME`; the name is what follows the last `=`, so that the file may contain one. */
function vantageHint(value: string): VantageHint {
  const cut = value.lastIndexOf('=')
  const vantage = value.slice(cut + 1)
  if (cut < 1 || !VANTAGES.includes(vantage)) {
    throw new InvalidArgumentError(`Expected FILE=NAME, where NAME is one of ${VANTAGES.join(', ')}.`)
  }
  return { file: value.slice(0, cut), vantage: vantage as Vantage }
}

function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
