// The command line: options, help, and the exit status. What a command does is in commands/.
import { readFileSync } from 'node:fs'
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { Vantage } from '@pcap-surgery/core'
import { addCapturePlan } from './commands/capture-plan.ts'
import { addCopies } from './commands/copies/options.ts'
import { diagnoseCommand, type DiagnoseOptions } from './commands/diagnose.ts'
import {
  type ConnectionOption,
  connectionOption,
  filterOption,
  type FrameOption,
  frameOption,
  padOption,
  snapOption,
  type TimeOption,
  timeOption,
} from './commands/isolate/hand-cut.ts'
import { infoCommand, type InfoOptions } from './commands/info.ts'
import { isolateCommand } from './commands/isolate/isolate.ts'
import type { IsolateCommandOptions } from './commands/isolate/options.ts'
import { DOCUMENTS, schemaCommand } from './commands/schema.ts'
import { uiCommand, type UiOptions } from './commands/ui.ts'
import type { VantageHint } from './io/captures.ts'
import { isOfTheSystem, Refused } from './io/refused.ts'
import { reason } from './io/source.ts'
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
  tcpdump -i any -s 0 -w - 'tcp or icmp or icmp6 or port 53 or arp' | pcap-surgery diagnose -
  tcpdump -i any -s 0 -U -w - 'tcp or icmp or icmp6 or port 53 or arp' | pcap-surgery diagnose - --follow
  pcap-surgery diagnose *.pcap --format json --output diagnosis.json
  pcap-surgery diagnose front.pcap back.pcap --format html --output report.html
  pcap-surgery diagnose front.pcap back.pcap --format har --output exchanges.har
`

const ISOLATE_EXAMPLES = `
Cut by hand: of each kind of condition any may hold, and every kind that is stated must.

Examples:
  pcap-surgery isolate front.pcap back.pcap --incident 1 --output incident.pcapng
  pcap-surgery isolate front.pcap back.pcap --incident 1 --anonymise --output to-hand-on.pcapng
  pcap-surgery isolate big.pcap.gz --incident 3 --pad 5 --snap headers -o headers.pcapng
  pcap-surgery isolate big.pcap --connection 10.1.0.2:41234-10.1.0.1:80 -o one.pcapng
  pcap-surgery isolate big.pcap --time 2026-11-22T08:57:21Z..2026-11-22T08:58:00Z --filter 'tcp port 80' -o part.pcapng
`

const ISOLATE_STATUSES = `
Exit status:
  0  the cut is written, and where it is an incident's, diagnosed again it says the same
  2  wrong use, an input could not be read or is damaged, or the cut does not prove itself: then nothing is written
`

const INFO_STATUSES = `
Exit status:
  0  all captures are whole
  2  wrong use, or one could not be read or is damaged; what could be read is still told
`

const UI_STATUSES = `
Exit status:
  0  it was served until it was interrupted
  2  wrong use, or a file cannot be read; then nothing is served
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
    if (error instanceof Refused) say(error.message)
    else if (isOfTheSystem(error)) say(reason(error))
    else defect(error)
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
    .addOption(
      new Option(
        '-f, --format <format>',
        'how to answer; html: one file with diagrams; markdown: for a ticket; har: all exchanges as an HTTP Archive (HAR 1.2)',
      )
        .choices(['text', 'json', 'ndjson', 'html', 'markdown', 'har'])
        .default('text'),
    )
    .option(
      '--show-secrets',
      'with --format har: leave the values of secret fields and parameters (token, key, session …) as they are',
    )
    .option('--follow', 'tell each incident when it is over, of a capture that goes on (- or a file that grows)')
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
    .action(async (captures: string[], options: Omit<DiagnoseOptions, 'version'>) =>
      done(await diagnoseCommand(captures, { ...options, version: version() })),
    )
  program
    .command('isolate')
    .description(
      'cut one incident, with all that belongs to it, out of its captures, and prove that the cut shows the same',
    )
    .argument('<capture...>', 'pcap or pcapng, plain or compressed (gzip, zstd, lz4)')
    .requiredOption('-o, --output <file>', 'where to write; a manifest goes beside it (FILE.manifest.json)')
    .option('-i, --incident <id>', 'the incident, by the id that diagnose gives it for the same captures')
    .option(
      '--connection <ends>',
      'by hand: ADDRESS:PORT-ADDRESS:PORT or ADDRESS:PORT, may be repeated',
      (value, before: ConnectionOption[] = []) => [...before, connectionOption(value)],
    )
    .option(
      '--time <range>',
      'by hand: FROM..TO, RFC 3339 or seconds since 1970, may be repeated',
      (value, before: TimeOption[] = []) => [...before, timeOption(value)],
    )
    .option(
      '--frames <list>',
      'by hand: frame numbers as in 1-10,15, of one capture as CAPTURE=1-10,15, may be repeated',
      (value, before: FrameOption[] = []) => [...before, frameOption(value)],
    )
    .option(
      '--filter <expression>',
      'by hand: like a capture filter, on host, net, port, portrange, src, dst, ip, ip6, tcp, udp, icmp, icmp6, arp',
      filterOption,
    )
    .option('--pad <seconds>', 'keep this much more of the connections, or of --time, before and after', padOption)
    .option(
      '--snap <bytes>',
      'cut packets off behind so many bytes; ‘headers’: behind the TCP or UDP header',
      snapOption,
    )
    .option('--split', 'write each leg to a file of its own: FILE-client, FILE-upstream')
    .option('--align', 'write all times in the first capture’s clock; otherwise they are the sources’ own')
    .option(
      '--anonymise',
      'put pseudonyms for addresses, MACs, names and values, and nothing for bodies; lengths, times and TCP stay',
    )
    .option('--anonymise-key <file>', 'secret of 16 bytes or more: the same one gives the same pseudonyms again')
    .option('--mapping <file>', 'write which pseudonym stands for what to a file; it is not for handing on')
    .addOption(
      new Option('--format <format>', 'how to write; default: by the name of the output').choices(['pcapng', 'pcap']),
    )
    .option('--secrets', 'put the TLS secrets of the connections inside into the cut (of --keys and of the captures)')
    .option(
      '-k, --keys <file>',
      'TLS key log (SSLKEYLOGFILE) to decrypt with, may be repeated',
      (file, before: string[] = []) => [...before, file],
    )
    .option('--vantage <file=name>', 'as for diagnose, may be repeated', (hint, before: VantageHint[] = []) => [
      ...before,
      vantageHint(hint),
    ])
    .option('--force', 'replace an output that exists')
    .addHelpText('after', ISOLATE_EXAMPLES + ISOLATE_STATUSES)
    .action(async (captures: string[], options: Omit<IsolateCommandOptions, 'application'>) =>
      done(await isolateCommand(captures, { ...options, application: `pcap-surgery ${version()}` })),
    )
  addCopies(program, `pcap-surgery ${version()}`, done)
  addCapturePlan(program, done)
  program
    .command('ui')
    .description('show captures in the browser: a page served to this machine alone, which sends nothing anywhere')
    .argument('[capture...]', 'shown at once: pcap or pcapng, plain or compressed (gzip, zstd, lz4)')
    .option(
      '-k, --keys <file>',
      'TLS key log (SSLKEYLOGFILE) to decrypt with, may be repeated',
      (file, before: string[] = []) => [...before, file],
    )
    .addOption(
      new Option('-p, --port <number>', 'where to serve it').default(0, 'any that is free').argParser(portOption),
    )
    .option('--no-open', 'only print the address')
    .addHelpText('after', UI_STATUSES)
    .action(async (captures: string[], options: UiOptions) =>
      done(await uiCommand(new URL('./web/', import.meta.url), captures, options)),
    )
  program
    .command('info')
    .description('say what is in capture files: frames, times, interfaces, comments, damage; no secrets')
    .argument('<capture...>', 'pcap or pcapng, plain or compressed (gzip, zstd, lz4); - is standard input')
    .addOption(new Option('-f, --format <format>', 'how to answer').choices(['text', 'json']).default('text'))
    .addHelpText('after', INFO_STATUSES)
    .action(async (captures: string[], options: InfoOptions) => done(await infoCommand(captures, options)))
  program
    .command('schema')
    .description('print the JSON Schema of the answer of diagnose --format json, or of info --format json')
    .addArgument(new Argument('[document]', 'whose').choices(Object.keys(DOCUMENTS)).default('diagnosis'))
    .action(async (document: keyof typeof DOCUMENTS) => done(await schemaCommand(document)))
  return program
}

function portOption(value: string): number {
  if (!/^\d{1,5}$/.test(value) || Number(value) > 65_535) throw new InvalidArgumentError('Expected 0 to 65535.')
  return Number(value)
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
