import { afterAll, beforeAll, expect, test } from 'vitest'
import type { GatewayAnswer } from '../client/gateway-client.ts'
import { createOrganisation, publishStandard, waitReady, type Organisation } from '../world/organisation.ts'
import { eventually } from '../world/eventually.ts'
import { tenant } from '../world/objects.ts'
import { openScenario, type Scenario } from './scenario.ts'

let scenario: Scenario
let acme: Organisation
let globex: Organisation
/** Has a ceiling that a flood reaches. The others have ceilings far above what is sent here: their 429 are the plan's. */
let small: Organisation

beforeAll(async () => {
  scenario = await openScenario()
  const limited = (guaranteed: number, ceiling: number) => ({
    ...scenario,
    tenantSpec: { limits: { requestsPerSecond: { guaranteed, ceiling } } },
  })
  ;[acme, globex, small] = await Promise.all([
    createOrganisation(scenario.name('acme'), limited(300, 600)),
    createOrganisation(scenario.name('globex'), limited(300, 600)),
    createOrganisation(scenario.name('small'), limited(10, 20)),
  ])
  await Promise.all([
    publishStandard(acme, { limits: [{ requests: 30, per: 'Day' }] }),
    publishStandard(globex, { limits: [{ requests: 100_000, per: 'Day' }] }),
    publishStandard(small),
  ])
})
afterAll(() => scenario.close(acme, globex, small))

const hoarder = () => scenario.name('hoarder')

const statuses = (answers: readonly GatewayAnswer[]) => new Set(answers.map((answer) => answer.status))

/** Sends in bursts of ten until one is refused, at most 200. */
async function exhaust(organisation: Organisation, token: string): Promise<readonly GatewayAnswer[]> {
  const answers: GatewayAnswer[] = []
  while (answers.length < 200 && !statuses(answers).has(429)) {
    const burst = Array.from({ length: 10 }, () => organisation.send({ path: '/orders/1', token }))
    answers.push(...(await Promise.all(burst)))
  }
  return answers
}

test('S-095 acme exhausts its plan and is told so, while globex is served', async () => {
  const [mine, theirs] = await Promise.all([acme.token(), globex.token()])
  const answers = await exhaust(acme, mine)
  expect(statuses(answers)).toEqual(new Set([200, 429]))
  expect(answers.filter((answer) => answer.status === 200)).toHaveLength(30)
  const others = await Promise.all(Array.from({ length: 20 }, () => globex.send({ path: '/orders/1', token: theirs })))
  expect(statuses(others)).toEqual(new Set([200]))
})

test("S-104 a refusal says when to try again, and only the caller's own limits", async () => {
  const refusal = (await exhaust(acme, await acme.token())).find((answer) => answer.status === 429)
  expect(Number(refusal?.headers['retry-after'])).toBeGreaterThan(0)
  const limits = Object.entries(refusal?.headers ?? {}).filter(([name]) => name.includes('ratelimit'))
  expect(JSON.stringify(limits)).not.toMatch(/pool|shared/)
})

test('a plan that was exhausted leaves the other subscriptions of the tenant alone', async () => {
  await acme.apply(acme.objects.plan('large', {}), acme.objects.subscription('second', 'api', 'large'))
  await acme.waitReady('subscription/second')
  const token = await acme.token('second')
  await eventually(async () => expect((await acme.send({ path: '/orders/1', token })).status).toBe(200))
})

test('S-095 a tenant beyond its ceiling gets 429, and the other tenant nothing of it', async () => {
  const theirs = await globex.token()
  const flood = Promise.all(Array.from({ length: 120 }, () => small.send({ path: '/open' })))
  const others = await Promise.all(Array.from({ length: 20 }, () => globex.send({ path: '/orders/1', token: theirs })))
  expect(statuses(await flood)).toContain(429)
  expect(statuses(others)).toEqual(new Set([200]))
})

test('what nobody was guaranteed is shared, and not one request more', async () => {
  const limits = (guaranteed: number) => ({ limits: { requestsPerSecond: { guaranteed, ceiling: 900 } } })
  const hungry = await createOrganisation(scenario.name('hungry'), { ...scenario, tenantSpec: limits(5) })
  try {
    await publishStandard(hungry)
    const flood = () => Promise.all(Array.from({ length: 60 }, () => hungry.send({ path: '/open' })))
    await eventually(async () => expect(statuses(await flood())).toEqual(new Set([200])))

    // What is left of the fleet's 1,000 is promised to somebody else: 5 stay for all.
    await scenario.kubectl.apply([tenant(hoarder(), limits(1000 - 300 - 300 - 10 - 5 - 5))])
    await waitReady(scenario.kubectl, undefined, [`tenant/${hoarder()}`])
    await eventually(async () => expect(statuses(await flood())).toEqual(new Set([200, 429])))
    const theirs = await globex.token()
    const [, ...others] = await Promise.all([
      flood(),
      ...Array.from({ length: 20 }, () => globex.send({ path: '/orders/1', token: theirs })),
    ])
    expect(statuses(others)).toEqual(new Set([200]))

    await scenario.kubectl.apply([tenant(hoarder(), limits(1))])
    await eventually(async () => expect(statuses(await flood())).toEqual(new Set([200])))
  } finally {
    await scenario.kubectl.run(['delete', 'tenant', '--ignore-not-found', '--timeout=90s', hoarder(), hungry.name])
    await hungry.stop()
  }
})

test('the rate-limit service stopped: the local buckets still limit, and tenants within their guarantee are served', async () => {
  await scenario.platform.stop('ratelimit')
  try {
    const theirs = await globex.token()
    const flood = await Promise.all(Array.from({ length: 200 }, () => small.send({ path: '/open' })))
    expect(statuses(flood)).toContain(429)
    expect(statuses(flood)).toContain(200)
    const others = await Promise.all(
      Array.from({ length: 10 }, () => globex.send({ path: '/orders/1', token: theirs })),
    )
    expect(statuses(others)).toEqual(new Set([200]))
  } finally {
    await scenario.platform.start('ratelimit')
  }
})
