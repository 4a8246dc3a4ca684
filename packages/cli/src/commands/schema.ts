// pcap-surgery schema: what the JSON answers look like.
import { DIAGNOSIS_SCHEMA, INFO_SCHEMA, type JsonSchema } from '@pcap-surgery/core'
import { print } from '../io/output.ts'

export const DOCUMENTS: { readonly [document in 'diagnosis' | 'info']: JsonSchema } = {
  diagnosis: DIAGNOSIS_SCHEMA,
  info: INFO_SCHEMA,
}

export async function schemaCommand(document: keyof typeof DOCUMENTS): Promise<number> {
  await print(`${JSON.stringify(DOCUMENTS[document], null, 2)}\n`)
  return 0
}
