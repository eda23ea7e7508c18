// The way of one tenant's objects from the door to bytes, as the control plane goes it.
import type { Tenant, Tool } from '@bulkhead/crds'
import { nameInTypeUrl, toJson } from '@bulkhead/envoy'
import type { EncodedResource, JsonObject, TypeUrl } from '@bulkhead/envoy'
import type { Parsed } from '@bulkhead/runtime'
import { assembleTenant } from '../assemble/assemble.ts'
import { buildTenant } from '../build/build-tenant.ts'
import { anInput, settings as buildSettings } from '../build/testing/fixtures.ts'
import { serviceKey } from '../build/input.ts'
import type { InvalidObject, TenantInput } from '../build/input.ts'
import type { TenantData } from '../bundles/data.ts'
import { tenantData } from '../control/tenant-data.ts'
import { isObject } from '../lint/json.ts'
import type { Built } from '../model/model.ts'
import type { ServiceResolution } from '../model/resolution.ts'
import { settings } from '../translate/testing/models.ts'
import { translateTenant } from '../translate/translate.ts'
import { parsers } from '../watch/seen.ts'
import type { Seen } from '../watch/seen.ts'
import { knownHosts } from './objects.ts'
import type { RawObject, RawTenant } from './objects.ts'

/** A resource as an Envoy will read it. */
export interface Read {
  readonly typeUrl: TypeUrl
  readonly name: string
  readonly json: JsonObject
}

/** What was made of one tenant. */
export interface Understood {
  readonly raw: RawTenant
  readonly tenant: Tenant
  readonly built: Built
  readonly group: string
  readonly resources: readonly EncodedResource[]
  /** The same, read back from the bytes. */
  readonly read: readonly Read[]
  readonly data: TenantData | undefined
}

/** Understands one tenant; undefined for one whose Tenant cannot be read, for then what stood before stays. */
export function understand(raw: RawTenant): Understood | undefined {
  const tenant = parsers.tenant(raw.tenant)
  if (!tenant.ok) return undefined
  const built = buildTenant(inputOf(tenant.value, raw.objects), buildSettings)
  const { name, resources } = assembleTenant(translateTenant(built.model, settings))
  const data = tenantData(built.model)
  return { raw, tenant: tenant.value, built, group: name, resources, read: resources.map(readBack), data }
}

function readBack({ typeUrl, name, bytes }: EncodedResource): Read {
  const json = toJson(nameInTypeUrl(typeUrl), bytes)
  return { typeUrl, name, json: isObject(json) ? json : {} }
}

type Parse<T> = (raw: unknown) => Parsed<Seen<T>>

function inputOf(tenant: Tenant, objects: readonly RawObject[]): TenantInput {
  const invalid: InvalidObject[] = []
  const read = <T>(kind: RawObject['kind'], parse: Parse<T>): readonly T[] =>
    objects.flatMap((object) => {
      if (object.kind !== kind) return []
      const parsed = parse(object)
      if (!parsed.ok)
        throw new Error(`Cannot read the metadata of ${kind} "${object.metadata.name}": ${parsed.problem}`)
      if (parsed.value.kind === 'valid') return [parsed.value.object]
      invalid.push(parsed.value.invalid)
      return []
    })
  const tools = read('Tool', parsers.tool)
  return {
    tenant,
    tools,
    toolSets: read('ToolSet', parsers.toolSet),
    plans: read('Plan', parsers.plan),
    subscriptions: read('Subscription', parsers.subscription),
    accessPolicies: read('AccessPolicy', parsers.accessPolicy),
    invalid,
    resolutions: {
      ...anInput().resolutions,
      external: knownHosts,
      services: new Map(tools.flatMap(({ spec }) => resolved(spec.backend.service))),
    },
  }
}

type Service = NonNullable<Tool['spec']['backend']['service']>

function resolved(service: Service | undefined): readonly (readonly [string, ServiceResolution])[] {
  const resolution = service === undefined ? undefined : serviceNamed(service)
  return service === undefined || resolution === undefined ? [] : [[serviceKey(service.name, service.port), resolution]]
}

function serviceNamed({ name, port }: Service): ServiceResolution | undefined {
  switch (name) {
    case 'ready':
      return { kind: 'found', endpoints: [{ address: '10.1.0.7', port }] }
    case 'empty':
      return { kind: 'found', endpoints: [] }
    case 'foreign':
      return { kind: 'refused', reason: 'BackendNotAllowed', message: 'its Pods are of another namespace' }
    default:
      return undefined
  }
}
