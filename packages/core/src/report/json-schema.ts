// JSON Schema (draft 2020-12) of plain data. Every object's fields are typed over the interface they describe: a field
// that is missing here, or was renamed there, does not compile.

export interface JsonSchema {
  readonly [keyword: string]: unknown
}

/** Fields that may be left out. */
type Optional<T> = { [field in keyof T]-?: undefined extends T[field] ? field : never }[keyof T]

/**
 * An object with all of `T`'s fields, all required but the `optional` ones; more may be added in later versions, so
 * unknown names are allowed.
 */
export const record = <T>(
  description: string,
  properties: { readonly [field in keyof T]-?: JsonSchema },
  optional: readonly Optional<T>[] = [],
): JsonSchema => ({
  description,
  type: 'object',
  required: Object.keys(properties).filter((name) => !optional.some((field) => field === name)),
  properties,
  additionalProperties: true,
})

export const text = (description: string): JsonSchema => ({ description, type: 'string' })
export const integer = (description: string): JsonSchema => ({ description, type: 'integer', minimum: 0 })
export const number = (description: string): JsonSchema => ({ description, type: 'number' })
export const seconds: typeof number = number
export const list = (description: string, items: JsonSchema): JsonSchema => ({ description, type: 'array', items })
export const choice = (description: string, values: readonly string[]): JsonSchema => ({ description, enum: values })
export const is = (definition: string): JsonSchema => ({ $ref: `#/$defs/${definition}` })
export const orNull = (schema: JsonSchema): JsonSchema => ({ ...schema, type: [schema.type, 'null'] })

/** RFC 3339, UTC, always nine digits of nanoseconds. */
export const time = (description: string): JsonSchema => ({
  ...text(description),
  pattern: '^-?\\d{4,}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{9}Z$',
})
