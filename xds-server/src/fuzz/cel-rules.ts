// The rules that the API server evaluates (CEL), said once more for values that are made here. A form that is not known
// is an error: whoever writes a new one teaches it here. That what is made passes the real ones is a contract test.
import { durationMs } from '@bulkhead/crds'

type Holds = (self: unknown) => boolean

/** What a rule asks of a value; a rule about an edit asks nothing of a new object. Throws on a form that is not known. */
export function celRule(rule: string): Holds {
  if (rule.includes('oldSelf')) return () => true
  for (const { form, holds } of forms) {
    const [, ...parts] = form.exec(rule) ?? []
    if (parts.length > 0) return holds(parts)
  }
  throw new Error(`Cannot make values for the rule "${rule}": teach it in cel-rules.ts`)
}

interface Form {
  readonly form: RegExp
  readonly holds: (parts: readonly string[]) => Holds
}

const hasDots = (value: unknown): boolean =>
  String(value)
    .split('/')
    .some((each) => each === '.' || each === '..')

const forms: readonly Form[] = [
  {
    form: /^duration\(self\) >= duration\('(\w+)'\) && duration\(self\) <= duration\('(\w+)'\)$/,
    holds: ([min = '', max = '']) => {
      return (self) => durationMs(String(self)) >= durationMs(min) && durationMs(String(self)) <= durationMs(max)
    },
  },
  {
    form: /^\(self\.([\w.]+) == '(\w+)'\) == has\(self\.([\w.]+)\)$/,
    holds: ([type = '', wanted = '', member = '']) => {
      return (self) => (at(self, type) === wanted) === (at(self, member) !== undefined)
    },
  },
  {
    form: /^has\(self\.(\w+)\) != has\(self\.(\w+)\)$/,
    holds: ([left = '', right = '']) => {
      return (self) => (at(self, left) === undefined) !== (at(self, right) === undefined)
    },
  },
  {
    form: /^!has\(self\.(\w+)\) \|\| !self\.\w+\.split\('\/'\)\.exists\(s, s == '\.' \|\| s == '\.\.'\)$/,
    holds: ([field = '']) => {
      return (self) => !hasDots(at(self, field) ?? '')
    },
  },
  {
    form: /^self\.(\w+) <= self\.(\w+)$/,
    holds: ([less = '', more = '']) => {
      return (self) => Number(at(self, less)) <= Number(at(self, more))
    },
  },
  {
    form: /^self\.all\(key, size\(key\) <= (\d+)\)$/,
    holds: ([most = '']) => {
      return (self) => Object.keys(Object(self) as object).every((key) => key.length <= Number(most))
    },
  },
  { form: /^is(Quantity|CIDR)\(self\)/, holds: () => () => true }, // only ever made from lists of such texts
]

function at(value: unknown, path: string): unknown {
  return path.split('.').reduce((each: unknown, key) => (Object(each) as Record<string, unknown>)[key], value)
}
