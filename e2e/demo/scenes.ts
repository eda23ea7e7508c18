import type { GatewayAnswer, GatewayClient } from '../client/gateway-client.ts'
import { fetchToken, withoutSignature } from '../client/tokens.ts'
import { addressOf } from '../world/address.ts'
import { readCredentials } from '../world/credentials.ts'
import type { Kubectl } from '../world/kubectl.ts'
import type { Scene } from './story.ts'

interface Stage {
  readonly kubectl: Kubectl
  readonly client: GatewayClient
  readonly baseDomain: string
}

async function tokenOf(stage: Stage, organisation: string, subscription: string): Promise<string> {
  const { namespace } = addressOf(organisation, stage.baseDomain)
  return fetchToken(stage.client, await readCredentials(stage.kubectl, namespace, subscription))
}

/** The requests of the story, in their order. Each fetches what it needs when it is played. */
export async function requestScenes(stage: Stage): Promise<readonly Scene[]> {
  const [acme, globex, visitor] = await Promise.all([
    tokenOf(stage, 'acme', 'shop'),
    tokenOf(stage, 'globex', 'shop'),
    tokenOf(stage, 'acme', 'visitor'),
  ])
  const host = (organisation: string) => addressOf(organisation, stage.baseDomain).host
  const send =
    (organisation: string, path: string, rest: object = {}) =>
    () =>
      stage.client.send({ host: host(organisation), path, ...rest })
  const post = { method: 'POST', body: '{"item":"gear","quantity":2}' }
  const forged = { 'x-bulkhead-tenant': 'globex', 'x-tenant-id': 'globex' }
  return [
    {
      title: 'anybody reads what acme published openly',
      expected: 200,
      servedBy: 'acme',
      because: 'access: Public',
      send: send('acme', '/openapi.json'),
    },
    {
      title: "acme's shop lists acme's orders",
      expected: 200,
      servedBy: 'acme',
      because: 'token, subscription, policy: all agree',
      send: send('acme', '/v1/orders', { token: acme }),
    },
    {
      title: "acme's shop creates an order",
      expected: 201,
      servedBy: 'acme',
      because: 'its plan carries the role writer',
      send: send('acme', '/v1/orders', { token: acme, ...post }),
    },
    {
      title: "globex's shop lists globex's orders",
      expected: 200,
      servedBy: 'globex',
      because: 'the same fleet, another tenant',
      send: send('globex', '/v1/orders', { token: globex }),
    },
    {
      title: "acme's shop with forged tenant headers",
      expected: 200,
      servedBy: 'acme',
      because: 'still served as acme: the headers are removed first',
      send: send('acme', '/v1/orders', { token: acme, headers: forged }),
    },
    {
      title: 'no token',
      expected: 401,
      because: "wall 4: the host's own JWT filter",
      send: send('acme', '/v1/orders'),
    },
    {
      title: "globex's token on acme's host",
      expected: 401,
      because: "walls 2 and 4: only acme's realm keys count there",
      send: send('acme', '/v1/orders', { token: globex }),
    },
    {
      title: "acme's token without its signature (alg none)",
      expected: 401,
      because: 'wall 4: no algorithm, no entry',
      send: send('acme', '/v1/orders', { token: withoutSignature(acme, 'none') }),
    },
    {
      title: 'a visitor on the trial plan tries to write',
      expected: 403,
      because: 'policy: AccessPolicy writers-write',
      send: send('acme', '/v1/orders', { token: visitor, ...post }),
    },
    {
      title: 'the visitor reads until the trial is used up',
      expected: 429,
      because: 'limits: 5 a minute, counted for this subscription',
      send: untilLimited(send('acme', '/v1/orders', { token: visitor })),
    },
    {
      title: "meanwhile acme's shop goes on",
      expected: 200,
      servedBy: 'acme',
      because: 'limits: each subscription for itself',
      send: send('acme', '/v1/orders', { token: acme }),
    },
    {
      title: 'meanwhile globex goes on',
      expected: 200,
      servedBy: 'globex',
      because: 'limits: each tenant for itself',
      send: send('globex', '/v1/orders', { token: globex }),
    },
    {
      title: 'a host that nobody was granted',
      expected: 404,
      because: 'no tenant, no route',
      send: send('initech', '/', { serverName: host('acme') }),
    },
    {
      title: 'a connection for acme that asks for globex',
      expected: 421,
      because: 'server name and host must name one tenant',
      send: send('globex', '/openapi.json', { serverName: host('acme') }),
    },
  ]
}

/** Repeats a request until it is refused for its number, at most 20 times. */
function untilLimited(send: () => Promise<GatewayAnswer>): () => Promise<GatewayAnswer> {
  return async () => {
    let answer = await send()
    for (let count = 1; count < 20 && answer.status !== 429; count += 1) answer = await send()
    return answer
  }
}
