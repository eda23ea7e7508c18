import { z } from 'zod'

/** What a call is answered with. */
export interface Answer {
  readonly status: number
  readonly body?: unknown
  readonly location?: string
}

/** Ends a call with an answer that is no success. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly answer: Answer

  constructor(answer: Answer) {
    super(JSON.stringify(answer.body))
    this.answer = answer
  }
}

/** A refusal in the form that most of Keycloak's have. */
export function refusal(status: number, error: string, error_description?: string): Refusal {
  return new Refusal({ status, body: error_description === undefined ? { error } : { error, error_description } })
}

/** A refusal in the form that Keycloak uses for what exists already, and for some bad requests. */
export function complaint(status: number, errorMessage: string): Refusal {
  return new Refusal({ status, body: { errorMessage } })
}

/** What the real one can do and the double cannot: it says so instead of pretending. */
export function beyondTheDouble(what: string): Refusal {
  return refusal(501, `The double of Keycloak cannot do this: ${what}`)
}

/** Reads a representation; like Keycloak, it refuses a field that it does not know. */
export function readBody<T>(schema: z.ZodType<T>, name: string, body: unknown): T {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const unknownField = parsed.error.issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : []))[0]
  const why = unknownField === undefined ? z.prettifyError(parsed.error) : `Unrecognized field "${unknownField}"`
  throw refusal(400, `Invalid json representation for ${name}. ${why} at line 1 column 1.`)
}
