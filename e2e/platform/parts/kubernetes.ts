import { mkdir, readFile } from 'node:fs/promises'
import { adminClient, settleKubernetes, writeKubeconfig } from '../bootstrap/kubernetes.ts'
import { expectOk } from '../http.ts'
import type { Part } from '../part.ts'
import type { Site } from '../site.ts'
import { pathsOf } from '../site.ts'
import { versions } from '../tools.ts'

/** The API server, with our kinds, accounts and rights in it once it is settled. */
export function kubeApiserverPart(site: Site): Part {
  return {
    name: 'kube-apiserver',
    version: versions.kubernetes,
    port: site.ports.kubernetes,
    needs: ['etcd'],
    readyTimeoutMs: 60_000,
    stop: { signal: 'SIGTERM', graceMs: 15_000 },
    prepare: async () => {
      await mkdir(pathsOf(site.dir).kubeconfigs, { recursive: true, mode: 0o700 })
    },
    command: () => ({ file: site.tools.kubeApiserver, args: apiserverArguments(site) }),
    probe: async (signal) => {
      const client = await adminClient(site)
      try {
        const answer = await client.get('/readyz', signal)
        if (answer.status !== 200)
          throw new Error(`/readyz answered ${answer.status}: ${String(answer.body).slice(0, 160)}`)
      } finally {
        await client.close()
      }
    },
    settle: (signal) => settleKubernetes(site, signal),
  }
}

function apiserverArguments(site: Site): readonly string[] {
  const at = pathsOf(site.dir)
  return [
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${site.ports.kubernetes}`,
    `--etcd-servers=https://127.0.0.1:${site.ports.etcdClient}`,
    `--etcd-cafile=${at.certificate('etcd-ca')}`,
    `--etcd-certfile=${at.certificate('etcd-client')}`,
    `--etcd-keyfile=${at.key('etcd-client')}`,
    `--tls-cert-file=${at.certificate('kube-apiserver')}`,
    `--tls-private-key-file=${at.key('kube-apiserver')}`,
    `--client-ca-file=${at.certificate('kube-ca')}`,
    `--service-account-key-file=${at.pki}/service-account.pub`,
    `--service-account-signing-key-file=${at.key('service-account')}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--endpoint-reconciler-type=none',
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction,OwnerReferencesPermissionEnforcement',
    '--anonymous-auth=false',
    '--profiling=false',
  ]
}

// Without a kubelet nothing may tidy up the Nodes and Pods that tests make.
const controllers = [
  '*',
  '-pod-garbage-collector-controller',
  '-node-lifecycle-controller',
  '-taint-eviction-controller',
  // Rights are written out; nothing here aggregates them.
  '-clusterrole-aggregation-controller',
]

/** The controllers that quotas, garbage collection, EndpointSlices and namespace deletion come from. */
export function kubeControllerManagerPart(site: Site): Part {
  const at = pathsOf(site.dir)
  return {
    name: 'kube-controller-manager',
    version: versions.kubernetes,
    port: site.ports.controllerManager,
    // It looks for new kinds every 30 seconds only, so the kinds come first.
    needs: ['kube-apiserver'],
    readyTimeoutMs: 30_000,
    stop: { signal: 'SIGTERM', graceMs: 10_000 },
    prepare: async () => {
      await writeKubeconfig(site, 'controller-manager', {
        'client-certificate': at.certificate('controller-manager'),
        'client-key': at.key('controller-manager'),
      })
    },
    command: () => ({
      file: site.tools.kubeControllerManager,
      args: [
        `--kubeconfig=${at.kubeconfig('controller-manager')}`,
        `--controllers=${controllers.join(',')}`,
        '--bind-address=127.0.0.1',
        `--secure-port=${site.ports.controllerManager}`,
        `--tls-cert-file=${at.certificate('controller-manager')}`,
        `--tls-private-key-file=${at.key('controller-manager')}`,
        `--service-account-private-key-file=${at.key('service-account')}`,
        `--root-ca-file=${at.certificate('kube-ca')}`,
        '--use-service-account-credentials=false',
        '--leader-elect=false',
        '--resource-quota-sync-period=10s',
        '--kube-api-qps=200',
        '--kube-api-burst=400',
        '--profiling=false',
      ],
    }),
    probe: async (signal) => {
      const ca = await readFile(at.certificate('kube-ca'), 'utf8')
      await expectOk({ url: `https://127.0.0.1:${site.ports.controllerManager}/healthz`, tls: { ca } }, signal)
    },
    settle: () => Promise.resolve(),
  }
}
