import { z } from 'zod'
import { duration, httpMethod, hostText, label, setOf, text, whole, withRules } from './fields.ts'

const external = z.object({
  host: hostText.describe('A DNS name or an IPv4 address within the ranges that the platform allows'),
  port: whole(1, 65535),
  tls: z
    .object({ sni: hostText.optional().describe('The server name; by itself that of host') })
    .optional()
    .describe("Speak TLS to the backend and verify its certificate against the platform's roots"),
})

const backend = withRules(
  z.object({
    type: z.enum(['External', 'Service']),
    external: external.optional(),
    service: z.object({ name: label(), port: whole(1, 65535) }).optional(),
  }),
  [
    {
      rule: "(self.type == 'External') == has(self.external)",
      message: 'external is needed for type External and not allowed otherwise',
    },
    {
      rule: "(self.type == 'Service') == has(self.service)",
      message: 'service is needed for type Service and not allowed otherwise',
    },
  ],
)

// A path is segments of unreserved characters, and `{name}` for one segment: no regular expression, no query, no dots alone.
const path = text(512).regex(/^(\/([-._~!$&'()+,;=:@A-Za-z0-9]+|\{[a-zA-Z][a-zA-Z0-9_]{0,31}\}))*\/?$/)
const pathPrefix = text(512).regex(/^(\/[-._~!$&'()+,;=:@A-Za-z0-9]+)*\/?$/)

const http = withRules(
  z.object({
    methods: setOf(httpMethod, 7).default([]).describe('Methods that are let through; an empty list means all'),
    path: path.min(1).optional().describe('The whole path; {name} stands for one segment'),
    pathPrefix: pathPrefix.min(1).optional().describe('Everything at and below this path'),
  }),
  [
    { rule: 'has(self.path) != has(self.pathPrefix)', message: 'exactly one of path and pathPrefix is needed' },
    {
      rule: "!has(self.path) || !self.path.split('/').exists(s, s == '.' || s == '..')",
      message: 'path must not hold the segments . and ..',
    },
    {
      rule: "!has(self.pathPrefix) || !self.pathPrefix.split('/').exists(s, s == '.' || s == '..')",
      message: 'pathPrefix must not hold the segments . and ..',
    },
  ],
)

export const toolSpec = z.object({
  backend,
  http,
  timeout: withRules(duration.default('15s').describe('How long the backend may take for the whole answer'), [
    {
      rule: "duration(self) >= duration('10ms') && duration(self) <= duration('10m')",
      message: 'timeout must be between 10ms and 10m',
    },
  ]),
  retries: whole(0, 3).default(0).describe('How often a failed connection or a 503 is tried again'),
  circuitBreaker: z
    .object({ maxConnections: whole(1, 10_000).default(100), maxRequests: whole(1, 10_000).default(200) })
    .prefault({}),
  forwardToken: z.boolean().default(false).describe("Whether the backend sees the caller's token"),
})
