import { inspect } from 'node:util'

const redacted = '[redacted]'

/** A value that no log line, JSON text, template string or debugger print ever shows; only `reveal()` gives it out. */
export class Secret<T> {
  // A private field is invisible to inspect, JSON and object spread; a plain property would not be.
  readonly #value: T

  constructor(value: T) {
    this.#value = value
  }

  reveal(): T {
    return this.#value
  }

  toString(): string {
    return redacted
  }

  toJSON(): string {
    return redacted
  }

  [Symbol.toPrimitive](): string {
    return redacted
  }

  [inspect.custom](): string {
    return redacted
  }
}
