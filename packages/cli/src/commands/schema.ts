// pcap-surgery schema: what the JSON answer looks like.
import { DIAGNOSIS_SCHEMA } from '@pcap-surgery/core'
import { print } from '../io/output.ts'

export async function schemaCommand(): Promise<number> {
  await print(`${JSON.stringify(DIAGNOSIS_SCHEMA, null, 2)}\n`)
  return 0
}
