import { z } from 'zod'
import { managedFields } from './settings.ts'

const text = z.string().max(2000)
const flag = z.boolean()
const texts = z.record(z.string(), text)
const locale = z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'want a language like en or pt-BR')

const look = {
  ...{ displayNameHtml: text, loginTheme: text, accountTheme: text, adminTheme: text, emailTheme: text },
  ...{ internationalizationEnabled: flag, supportedLocales: z.array(locale).max(100), defaultLocale: locale },
  localizationTexts: z.record(locale, texts),
  ...{ browserSecurityHeaders: texts, smtpServer: texts },
}
const logins = {
  ...{ loginWithEmailAllowed: flag, duplicateEmailsAllowed: flag, resetPasswordAllowed: flag, verifyEmail: flag },
  ...{ editUsernameAllowed: flag, registrationEmailAsUsername: flag },
}
const secondFactor = {
  ...{ otpPolicyType: z.enum(['totp', 'hotp']), otpPolicyDigits: z.union([z.literal(6), z.literal(8)]) },
  ...{ otpPolicyAlgorithm: z.enum(['HmacSHA1', 'HmacSHA256', 'HmacSHA512']), otpPolicyPeriod: z.int().min(1).max(300) },
}
const figures = {
  ...{ accessCodeLifespan: z.int().min(1).max(300), accessCodeLifespanLogin: z.int().min(60).max(3600) },
  ...{ accessCodeLifespanUserAction: z.int().min(60).max(3600) },
  actionTokenGeneratedByAdminLifespan: z.int().min(60).max(604_800),
  actionTokenGeneratedByUserLifespan: z.int().min(60).max(86_400),
}
const events = { eventsListeners: z.array(text).max(20), enabledEventTypes: z.array(text).max(200) }

/** What the platform may say about every new realm. What Bulkhead keeps itself is refused, and so is what it does not know. */
export const realmTemplate = z
  .strictObject(
    { ...look, ...logins, ...secondFactor, ...figures, ...events, attributes: texts },
    {
      error: (issue) =>
        issue.code === 'unrecognized_keys' ? (issue['keys'] as readonly string[]).map(whyNot).join(', ') : undefined,
    },
  )
  .partial()
  .refine(({ attributes = {} }) => Object.keys(attributes).every((name) => !name.startsWith('bulkhead.dev/')), {
    path: ['attributes'],
    error: 'names that begin with bulkhead.dev/ are our own',
  })
export type RealmTemplate = z.infer<typeof realmTemplate>

function whyNot(name: string): string {
  return managedFields.includes(name)
    ? `"${name}" is kept by Bulkhead and cannot be chosen`
    : `"${name}" is no field of a template`
}
