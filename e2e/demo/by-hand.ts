import { relative } from 'node:path'
import type { Platform } from '../platform/platform.ts'
import { addressOf } from '../world/address.ts'

const field = (name: string) => `{{index .data "${name}" | base64decode}}`
const credentials = `user = "${field('client-id')}:${field('client-secret')}"{{"\\n"}}url = "${field('token-url')}"`

/**
 * The commands by which a person goes on: kubectl as an organisation's admin and as the platform's, curl with a fresh
 * token. Secrets reach curl by its standard input, for arguments can be read by everybody on the machine.
 */
export function byHand(platform: Platform, root: string): string {
  const { endpoints, dir } = platform
  const here = (path: string) => relative(root, path)
  const { namespace, host } = addressOf('acme', endpoints.baseDomain)
  const edge = `--cacert ${here(endpoints.edgeCaFile)}`
  const resolved = (name: string) => `--resolve ${name}:${endpoints.edgePort}:127.0.0.1`
  const kubeconfig = (name: string) => `$PWD/${here(dir)}/kubeconfig/${name}.yaml`
  return `
   Acme's admin:
     export PATH=$PWD/.tools/bin:$PATH KUBECONFIG=${kubeconfig('acme-admin')}
     kubectl config set-context --current --namespace ${namespace}
     kubectl get tools,toolsets,plans,subscriptions,accesspolicies
     kubectl explain tool.spec.backend

   A fresh token, and a request with it:
     TOKEN=$(kubectl get secret shop-credentials -o go-template='${credentials}' |
       curl -s ${edge} ${resolved(new URL(endpoints.identityUrl).hostname)} --config - -d grant_type=client_credentials | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
     printf 'header = "authorization: Bearer %s"' "$TOKEN" |
       curl --config - ${edge} ${resolved(host)} https://${host}:${endpoints.edgePort}/v1/orders

   The platform:
     kubectl --kubeconfig ${kubeconfig('admin')} get tenants
     make status      each part with version, port and memory      logs: ${here(endpoints.logFolder)}/
     make down        stops exactly what was started
`
}
