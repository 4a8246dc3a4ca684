import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isSecretName, parametersOf, withoutSecrets } from './secrets.ts'

test.each([
  'token',
  'access_token',
  'X-Amz-Signature',
  'X-Api-Key',
  'api_key',
  'apikey',
  'AWSAccessKeyId',
  'code',
  'sig',
  'password',
  'PHPSESSID',
  'jsessionid',
  'Authorization',
  'Proxy-Authorization',
  'Cookie',
  'Set-Cookie',
  'client_secret',
  'X-CSRF-Token',
  'sid',
])('%s is a secret’s name', (name) => expect(isSecretName(name)).toBe(true))

test.each(['page', 'q', 'monkey', 'postcode', 'author', 'x-request-id', 'passenger', 'signal', 'location'])(
  '%s is none',
  (name) => expect(isSecretName(name)).toBe(false),
)

test('parameters are decoded, as UTF-8 where they are that', () => {
  expect(parametersOf('/a?x=1+2%26&%C3%A9=%ff&bare#f=1')).toEqual([
    { name: 'x', value: '1 2&' },
    { name: 'é', value: '\u00ff' },
    { name: 'bare', value: '' },
  ])
})

test('a secret is found wherever its parameter stands, and twice is as once', () => {
  const filler = fc.string({ maxLength: 12 })
  fc.assert(
    fc.property(filler, fc.constantFrom('&', '?', ';', '#'), filler, fc.nat(3), (before, separator, after, times) => {
      let text = `/p?a=${before}${separator}token=S3CRET&${after}`
      for (let i = 0; i < times; i++) text = `/q?u=${encodeURIComponent(text)}`
      const shown = withoutSecrets(text)
      expect(shown).not.toContain('S3CRET')
      expect(withoutSecrets(shown)).toBe(shown)
    }),
  )
})

test('what hides deeper than anybody looks is left out', () => {
  let text = 'token=S3CRET'
  for (let i = 0; i < 30; i++) text = `u=${encodeURIComponent(text)}`
  expect(withoutSecrets(`/?${text}`)).toBe('/?u=REDACTED')
})
