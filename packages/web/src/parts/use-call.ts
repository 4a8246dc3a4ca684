import { useEffect, useState } from 'react'
import { type CallOptions, client } from '../session/client.ts'
import type { Answer, Arguments, CallName } from '../session/protocol.ts'

export type Called<Of> = { is: 'waiting' } | { is: 'there'; value: Of } | { is: 'failed'; text: string }

/** What the worker answers, asked again when `key` changes: what was answered before is then forgotten. */
export function useCall<Name extends CallName>(
  name: Name,
  args: Arguments<Name>,
  key: unknown,
  options?: CallOptions,
): Called<Answer<Name>> {
  const [called, setCalled] = useState<{ key: unknown; now: Called<Answer<Name>> }>({ key, now: { is: 'waiting' } })
  useEffect(() => {
    let isCurrent = true
    client()
      .call(name, args, options)
      .then(
        (value) => isCurrent && setCalled({ key, now: { is: 'there', value } }),
        (error: Error) => isCurrent && setCalled({ key, now: { is: 'failed', text: error.message } }),
      )
    return () => {
      isCurrent = false
    }
    // oxlint-disable-next-line react/exhaustive-deps -- `key` stands for the arguments
  }, [name, key])
  return called.key === key ? called.now : { is: 'waiting' }
}
