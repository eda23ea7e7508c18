# METADATA
# title: Who may call what
# description: |
#   One decision per request. The allow rule is one conjunction of things that must be proven; whatever is
#   undefined leaves it false. Everything is looked up by key, so the cost does not grow with the number of tenants.
# scope: package
package bulkhead.authz

# Envoy accepts a token this long after its end; a clock may be wrong by as much.
skew_seconds := 60

# The largest number that the rate limit service can hold.
max_requests := 4294967295

# Only these units may ever leave this policy: an unknown one would end the rate limit service.
# A calendar month is the date in the counter's key, so its counter only has to live longer than a month.
unit_of_window := {"second": "SECOND", "minute": "MINUTE", "hour": "HOUR", "day": "DAY", "month": "YEAR"}

# How the operator names the clients of subscriptions; nothing else in a realm may be named so.
subscription_client_prefix := "sub-"

access_levels := {"Public", "Authenticated", "Subscribed"}

# METADATA
# description: What Envoy is told. It is a refusal unless every condition below holds.
# entrypoint: true
default decision := {
	"allowed": false,
	"http_status": 403,
	"headers": {"content-type": "application/json"},
	"body": `{"error":"denied"}`,
}

decision := {"allowed": true, "http_status": 200, "dynamic_metadata": metadata} if {
	caller_is_of_this_tenant
	caller_is_authentic
	tenant.suspended == false
	caller_may_use_toolset
	policy_allows(resource.toolset)
	policy_allows(resource.tool)
} else := refusal(401, "token_required") if {
	tenant.suspended == false
	not has_token
	resource.access != "Public"
} else := refusal(401, "token_refused") if {
	tenant.suspended == false
	has_token
	not token_is_valid
} else := refusal(403, "wrong_audience") if {
	tenant.suspended == false
	has_token
	not token_is_for_us
} else := refusal(403, "suspended") if {
	tenant.suspended == true
} else := refusal(403, "not_subscribed") if {
	caller_is_of_this_tenant
	not caller_may_use_toolset
}

# The first rule of all.
caller_is_of_this_tenant if {
	resource.namespace == caller.namespace
	resource.tenant == caller.tenant
}

# Who calls is known from the verified issuer alone, and only where its tenant names that issuer too.
caller := {"tenant": id, "namespace": data.bulkhead.tenants[id].namespace} if {
	has_token
	id := data.bulkhead.issuers[payload.iss]
	data.bulkhead.tenants[id].issuer == payload.iss
}

# Without a token there is only one caller: the host's tenant's anonymous one, on what that tenant made public.
caller := {"tenant": resource.tenant, "namespace": tenant.namespace} if caller_is_anonymous

caller_is_anonymous if {
	not has_token
	resource.access == "Public"
	tenant.suspended == false
}

caller_is_authentic if caller_is_anonymous

caller_is_authentic if {
	token_is_valid
	token_is_for_us
}

token_is_valid if {
	caller_is_of_this_tenant
	token_is_current
}

# Envoy's own check of these overflows for absurd numbers, and it does not look at the future.
token_is_current if {
	is_number(payload.exp)
	is_number(payload.iat)
	payload.exp > now_seconds - skew_seconds
	payload.iat <= now_seconds + skew_seconds
	payload.exp > payload.iat
	payload.exp - payload.iat <= tenant.maxTokenLifetimeSeconds
}

token_is_for_us if payload.aud in tenant.audiences

token_is_for_us if {
	is_array(payload.aud)
	some audience in payload.aud
	audience in tenant.audiences
}

caller_may_use_toolset if {
	resource.access == "Public"
	not is_cut_off
}

caller_may_use_toolset if {
	resource.access == "Authenticated"
	has_token
	not is_cut_off
}

caller_may_use_toolset if {
	resource.access == "Subscribed"
	subscription_of_toolset
}

# An application whose subscription ended is refused, also where any token of its realm would do.
is_cut_off if {
	some_subscription
	not is_live(some_subscription)
}

# Only what gives access is in the data: what the operator refuses, what cannot be read and what was deleted is not.
is_cut_off if {
	startswith(client, subscription_client_prefix)
	not some_subscription
}

some_subscription := tenant.subscriptions[client] if has_token

# Which application calls: what the first of these claims says that the token has. The others are not asked.
client := payload[claims[0]] if {
	has_token
	claims := [claim | some claim in tenant.clientClaims; _ := payload[claim]]
}

subscription_of_toolset := some_subscription if {
	some_subscription.toolset == resource.toolset
	is_live(some_subscription)
	plan_of(some_subscription)
}

is_live(subscription) if {
	subscription.suspended == false
	is_before_its_end(subscription.expiresAt)
}

is_before_its_end(null)

is_before_its_end(end_seconds) if {
	is_number(end_seconds)
	now_seconds < end_seconds
}

# A limit that we cannot pass on would be no limit at all, so such a plan gives no access.
plan_of(subscription) := plan if {
	plan := tenant.plans[subscription.plan]
	every window, limit in plan.limits {
		is_limit(limit, unit_of_window[window])
		limit.requests_per_unit >= 1
	}
}

is_limit(limit, unit) if {
	limit.unit == unit
	is_number(limit.requests_per_unit)
	limit.requests_per_unit >= 0
	limit.requests_per_unit <= max_requests
	floor(limit.requests_per_unit) == limit.requests_per_unit
}

# Where there is no policy, access alone decides. A policy that could not be understood refuses its target.
policy_allows(target) if object.get(tenant.policies, target, "none") == "none"

policy_allows(target) if {
	policy := tenant.policies[target]
	policy.broken == false
	some rule in policy.rules
	rule_allows(rule)
}

rule_allows(rule) if {
	roles_match(rule.roles)
	methods_match(rule.methods)
}

roles_match([])

roles_match(roles) if {
	some role in roles
	role in caller_roles
}

methods_match([])

methods_match(methods) if method in methods

default caller_roles := []

# A realm's tokens have them where Keycloak puts them; an issuer of the tenant's own where the Tenant says.
caller_roles := roles if {
	roles := object.get(payload, tenant.rolesPath, null)
	is_array(roles)
}

metadata := object.union({"tenant": tenant.name, "month": month, "limits": limits}, subscriber)

default subscriber := {"subscription": "-", "plan": "-"}

subscriber := {"subscription": subscription_of_toolset.uid, "plan": subscription_of_toolset.plan}

limits := object.union_n([window_limits, tenant_limit, pool_limit])

default window_limits := {}

window_limits := plan_of(subscription_of_toolset).limits

# For these two the rate limit service has a floor of its own when we say nothing, so nothing left is said as zero.
default tenant_limit := {}

tenant_limit := {"tenant": tenant.ceiling} if is_limit(tenant.ceiling, "SECOND")

default pool_limit := {}

pool_limit := {"pool": data.bulkhead.pool} if is_limit(data.bulkhead.pool, "SECOND")

# What is asked for: set by us on the route, never by the caller. Complete, or not there.
resource := extensions if {
	extensions := input.attributes.contextExtensions
	is_text(extensions.tenant)
	is_text(extensions.namespace)
	is_text(extensions.toolset)
	is_text(extensions.tool)
	extensions.access in access_levels
	is_text(method)
}

method := input.attributes.request.http.method

tenant := data.bulkhead.tenants[resource.tenant]

# The token's content as Envoy verified it; a token is never read here.
verified := input.attributes.metadataContext.filterMetadata["envoy.filters.http.jwt_authn"]

payload := verified.payload

has_token if verified != null

now_ns := time.now_ns()

now_seconds := now_ns / 1000000000

month := time.format([now_ns, "UTC", "2006-01"])

is_text(value) if {
	is_string(value)
	value != ""
}

refusal(status, error) := {
	"allowed": false,
	"http_status": status,
	"headers": {"content-type": "application/json"},
	"body": concat("", [`{"error":"`, error, `"}`]),
}

# METADATA
# description: |
#   What a decision log leaves out: headers and query strings may hold credentials, and other claims are about people.
# entrypoint: true
mask contains {"op": "remove", "path": "/input/attributes/request/http/headers"}

mask contains {"op": "remove", "path": "/input/attributes/request/http/headerMap"}

mask contains {"op": "remove", "path": "/input/parsed_query"}

mask contains {"op": "upsert", "path": "/input/attributes/request/http/path", "value": path} if {
	path := split(input.input.attributes.request.http.path, "?")[0]
}

mask contains {"op": "upsert", "path": concat("/", ["/input", payload_path]), "value": kept} if {
	namespaces := input.input.attributes.metadataContext.filterMetadata
	claims := namespaces["envoy.filters.http.jwt_authn"].payload
	kept := {name: claims[name] | some name in logged_claims}
}

payload_path := "attributes/metadataContext/filterMetadata/envoy.filters.http.jwt_authn/payload"

logged_claims := {"iss", "aud", "azp", "iat", "exp"}
