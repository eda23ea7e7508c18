import { relative } from 'node:path'
import type { Platform } from '../platform/platform.ts'

/** The commands by which a person goes on: kubectl as an organisation's admin, curl with a fresh token. */
export function byHand(platform: Platform, root: string): string {
  const { endpoints, dir } = platform
  const here = (path: string) => relative(root, path)
  const host = `acme.${endpoints.baseDomain}`
  const key = (name: string) => `$(kubectl get secret shop-credentials -o jsonpath='{.data.${name}}' | base64 -d)`
  return `
   Acme's admin:
     export PATH=$PWD/.tools/bin:$PATH KUBECONFIG=$PWD/${here(dir)}/kubeconfig/acme-admin.yaml
     kubectl config set-context --current --namespace tenant-acme
     kubectl get tools,toolsets,plans,subscriptions,accesspolicies
     kubectl explain tool.spec.backend

   A fresh token, and a request with it:
     TOKEN=$(curl -s -u "${key('client-id')}:${key('client-secret')}" -d grant_type=client_credentials "${key('token-url')}" | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
     curl --cacert ${here(endpoints.edgeCaFile)} --resolve ${host}:${endpoints.edgePort}:127.0.0.1 -H "authorization: Bearer $TOKEN" https://${host}:${endpoints.edgePort}/v1/orders

   The platform:
     make status      each part with version, port and memory      logs: ${here(endpoints.logFolder)}/
     make down        stops exactly what was started
`
}
