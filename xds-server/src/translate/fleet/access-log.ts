import type { AccessLog } from '@bulkhead/envoy'
import { metadataNamespaces, routeMetadata } from '../names.ts'
import { extension } from '../values.ts'

const fromRoute = (key: string): string => `%METADATA(ROUTE:${routeMetadata}:${key})%`
const fromPolicy = (key: string): string => `%DYNAMIC_METADATA(${metadataNamespaces.policy}:${key})%`

/**
 * One line of JSON per request. The tenant comes from the route, which is ours, and never from the request. Without
 * the query, which may hold what belongs into no log.
 */
export const accessLog: readonly AccessLog[] = [
  extension('stdout', 'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog', {
    logFormat: {
      jsonFormat: {
        time: '%START_TIME%',
        tenant_id: fromRoute('tenant_id'),
        toolset: fromRoute('toolset'),
        tool: fromRoute('tool'),
        subscription: fromPolicy('subscription'),
        plan: fromPolicy('plan'),
        request_id: '%REQ(X-REQUEST-ID)%',
        method: '%REQ(:METHOD)%',
        host: '%REQ(:AUTHORITY)%',
        path: '%PATH(NQ:ORIG_OR_PATH)%',
        protocol: '%PROTOCOL%',
        server_name: '%REQUESTED_SERVER_NAME%',
        status: '%RESPONSE_CODE%',
        details: '%RESPONSE_CODE_DETAILS%',
        flags: '%RESPONSE_FLAGS%',
        duration_ms: '%DURATION%',
        received_bytes: '%BYTES_RECEIVED%',
        sent_bytes: '%BYTES_SENT%',
        client: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%',
        route: '%ROUTE_NAME%',
        cluster: '%UPSTREAM_CLUSTER_RAW%',
      },
    },
  }),
]
