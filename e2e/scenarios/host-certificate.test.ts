import { createTestAuthority } from '@bulkhead/runtime/testing-certificates'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createGatewayClient, type GatewayAnswer } from '../client/gateway-client.ts'
import { eventually } from '../world/eventually.ts'
import { tenant } from '../world/objects.ts'
import { createOrganisation, publishStandard, type Organisation } from '../world/organisation.ts'
import { openScenario, type Scenario } from './scenario.ts'

let scenario: Scenario
let acme: Organisation
let host: string
/** Whoever signed what the host answers with. */
let current: string

beforeAll(async () => {
  scenario = await openScenario()
  const name = scenario.name('acme')
  host = `api.${name}.example`
  acme = await createOrganisation(name, { ...scenario, tenantSpec: { hostnames: [{ host }] } })
  await publishStandard(acme)
  await acme.apply(acme.objects.toolSet('own-host', host, ['open'], { access: 'Public' }))
  await acme.waitReady('toolset/own-host')
})
afterAll(() => scenario.close(acme))

/** A certificate of an authority that nobody else knows, put where the Tenant names it by the tenant's own admin. */
async function putCertificate(forHost = host): Promise<string> {
  const authority = await createTestAuthority(`authority of ${forHost}`)
  const { cert, key } = await authority.issue({ commonName: 'edge', names: [{ type: 'dns', value: forHost }] })
  await scenario.kubectl.apply(
    [
      {
        ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'certificate', namespace: acme.namespace } },
        ...{ type: 'kubernetes.io/tls', stringData: { 'tls.crt': cert, 'tls.key': key } },
      },
    ],
    acme.admin,
  )
  return authority.caCert
}

/** Asks as somebody who trusts this authority and no other; rejects when it did not sign what is shown for the host. */
async function askTrusting(authority: string): Promise<GatewayAnswer> {
  const client = createGatewayClient({ port: scenario.edge.port, authority }, { keepAlive: false })
  try {
    return await client.send({ host, path: '/open/1' })
  } finally {
    client.close()
  }
}

const isServed = (authority: string) =>
  eventually(async () => expect((await askTrusting(authority)).status).toBe(200), { timeoutMs: 40_000 })
const programmed = async () => {
  const path = 'jsonpath={.status.conditions[?(@.type=="Programmed")]}'
  const text = await scenario.kubectl.run(['get', 'tenant', acme.name, '-o', path])
  return JSON.parse(text) as { readonly status: string; readonly reason: string; readonly message: string }
}

test('a host of its own has no certificate until its Tenant names one', async () => {
  await expect(askTrusting(scenario.edge.authority)).rejects.toThrow(/handshake failure/)
})

test("a host answers with the certificate that the tenant's admin put into its Secret, and with the next one", async () => {
  const first = await putCertificate()
  const hostnames = [{ host, certificateRef: { name: 'certificate' } }]
  await scenario.kubectl.apply([tenant(acme.name, { hostnames })])
  await isServed(first)
  await eventually(async () => expect((await programmed()).status).toBe('True'))
  current = await putCertificate()
  await isServed(current)
  await expect(askTrusting(first)).rejects.toThrow()
  expect((await acme.send({ path: '/open/1' })).status).toBe(200)
})

test('S-119 a certificate for another host is told on the Tenant, and the last good one stays', async () => {
  await putCertificate('api.globex.example')
  await eventually(async () => expect((await programmed()).reason).toBe('CertificateInvalid'), { timeoutMs: 40_000 })
  const { message } = await programmed()
  expect(message).toContain('spec.hostnames[0].certificateRef: Secret "certificate" holds a certificate that does not')
  await isServed(current)
})
