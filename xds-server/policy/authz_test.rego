package bulkhead.authz_test

import data.bulkhead.authz

now_seconds := 1795477000

now_ns := now_seconds * 1000000000

acme := {
	"name": "acme",
	"namespace": "tenant-acme",
	"issuer": "https://id.test/realms/acme-a",
	"audiences": ["urn:bulkhead:tenant:a"],
	"clientClaims": ["azp"],
	"rolesPath": ["realm_access", "roles"],
	"suspended": false,
	"maxTokenLifetimeSeconds": 3600,
	"ceiling": {"requests_per_unit": 500, "unit": "SECOND"},
	"subscriptions": {"sub-1": {
		"uid": "subscription-1",
		"name": "app",
		"toolset": "toolset-1",
		"plan": "plan-1",
		"expiresAt": null,
		"suspended": false,
	}},
	"plans": {"plan-1": {"limits": {
		"second": {"requests_per_unit": 5, "unit": "SECOND"},
		"month": {"requests_per_unit": 10000, "unit": "YEAR"},
	}}},
	"policies": {},
}

globex := object.union(acme, {
	"name": "globex",
	"namespace": "tenant-globex",
	"issuer": "https://id.test/realms/globex-b",
	"audiences": ["urn:bulkhead:tenant:b"],
})

pool := {"requests_per_unit": 1000, "unit": "SECOND"}

issuers := {acme.issuer: "a", globex.issuer: "b"}

tenants := {"a": acme, "b": globex}

token := {
	"iss": acme.issuer,
	"aud": [acme.audiences[0], "account"],
	"azp": "sub-1",
	"iat": now_seconds - 10,
	"exp": now_seconds + 290,
	"realm_access": {"roles": ["reader"]},
}

resource := {
	"tenant": "a",
	"namespace": "tenant-acme",
	"toolset": "toolset-1",
	"tool": "tool-1",
	"access": "Subscribed",
}

request(extensions, payload) := {"attributes": {
	"contextExtensions": extensions,
	"metadataContext": {"filterMetadata": {"envoy.filters.http.jwt_authn": {"payload": payload}}},
	"request": {"http": {"method": "GET", "path": "/x"}},
}}

anonymous_request(extensions) := {"attributes": {
	"contextExtensions": extensions,
	"metadataContext": {},
	"request": {"http": {"method": "GET", "path": "/x"}},
}}

decide(question) := decide_with(question, {})

one_rule(roles, methods) := {"policies": {"tool-1": {
	"rules": [{"roles": roles, "methods": methods}],
	"broken": false,
}}}

# The decision when acme's data is changed by `edit`.
decide_with(question, edit) := decide_among(question, object.union(tenants, {"a": object.union(acme, edit)}))

# The decision when acme's value `key` is replaced, not merged.
decide_replacing(question, key, value) := decide_among(
	question,
	{"a": object.union(object.remove(acme, [key]), {key: value})},
)

decide_among(question, all_tenants) := decision if {
	decision := authz.decision with input as question
		with data.bulkhead.issuers as issuers
		with data.bulkhead.pool as pool
		with data.bulkhead.tenants as all_tenants
		with time.now_ns as now_ns
}

decide_token(edit) := decide(request(resource, object.union(token, edit)))

subscribed := request(resource, token)

with_access(level) := object.union(resource, {"access": level})

is_refused(decision, status) if {
	decision.allowed == false
	decision.http_status == status
	object.get(decision, "dynamic_metadata", "none") == "none"
}

test_a_subscriber_is_allowed_and_its_limits_travel_as_metadata if {
	decide(subscribed) == {
		"allowed": true,
		"http_status": 200,
		"dynamic_metadata": {
			"tenant": "acme",
			"subscription": "subscription-1",
			"plan": "plan-1",
			"month": "2026-11",
			"limits": {
				"tenant": {"requests_per_unit": 500, "unit": "SECOND"},
				"second": {"requests_per_unit": 5, "unit": "SECOND"},
				"month": {"requests_per_unit": 10000, "unit": "YEAR"},
				"pool": {"requests_per_unit": 1000, "unit": "SECOND"},
			},
		},
	}
}

test_without_data_everything_is_refused if {
	is_refused(authz.decision, 403) with input as subscribed
}

test_without_input_everything_is_refused if {
	decision := authz.decision with input as {}
		with data.bulkhead.tenants as tenants
		with data.bulkhead.issuers as issuers
	is_refused(decision, 403)
}

needed_fields := [
	["attributes", "contextExtensions"],
	["attributes", "contextExtensions", "tenant"],
	["attributes", "contextExtensions", "namespace"],
	["attributes", "contextExtensions", "toolset"],
	["attributes", "contextExtensions", "tool"],
	["attributes", "contextExtensions", "access"],
	["attributes", "metadataContext"],
	["attributes", "metadataContext", "filterMetadata"],
	["attributes", "metadataContext", "filterMetadata", "envoy.filters.http.jwt_authn"],
	["attributes", "metadataContext", "filterMetadata", "envoy.filters.http.jwt_authn", "payload"],
	["attributes", "metadataContext", "filterMetadata", "envoy.filters.http.jwt_authn", "payload", "iss"],
	["attributes", "metadataContext", "filterMetadata", "envoy.filters.http.jwt_authn", "payload", "aud"],
	["attributes", "metadataContext", "filterMetadata", "envoy.filters.http.jwt_authn", "payload", "azp"],
	["attributes", "metadataContext", "filterMetadata", "envoy.filters.http.jwt_authn", "payload", "iat"],
	["attributes", "metadataContext", "filterMetadata", "envoy.filters.http.jwt_authn", "payload", "exp"],
	["attributes", "request"],
	["attributes", "request", "http"],
	["attributes", "request", "http", "method"],
]

# S-094: nothing that is missing is ever taken for a yes.
test_s_094_each_missing_input_field_refuses if {
	every field in needed_fields {
		question := json.remove(subscribed, [concat("/", field)])
		question != subscribed
		decide(question).allowed == false
	}
}

test_s_094_each_empty_context_field_refuses if {
	every field in ["tenant", "namespace", "toolset", "tool", "access"] {
		decide(request(object.union(resource, {field: ""}), token)).allowed == false
		decide(anonymous_request(object.union(with_access("Public"), {field: ""}))).allowed == false
		decide(anonymous_request(object.remove(with_access("Public"), [field]))).allowed == false
	}
}

test_s_094_each_missing_field_of_the_data_refuses if {
	every field in object.keys(acme) - {"name", "ceiling", "rolesPath"} {
		decide_among(subscribed, {"a": object.remove(acme, [field])}).allowed == false
	}
	readers := object.union(acme, one_rule(["reader"], []))
	decide_among(subscribed, {"a": readers}).allowed
	decide_among(subscribed, {"a": object.remove(readers, ["rolesPath"])}).allowed == false
}

# The seed rule by itself: everything else about the request is in order.
test_a_resource_of_another_namespace_is_refused if {
	foreign := {"namespace": "tenant-globex"}
	is_refused(decide(request(object.union(resource, foreign), token)), 401)
	is_refused(decide(anonymous_request(object.union(with_access("Public"), foreign))), 403)
}

test_a_caller_whose_namespace_is_another_is_refused if {
	is_refused(decide_with(subscribed, {"namespace": "tenant-globex"}), 401)
	is_refused(decide_with(anonymous_request(with_access("Public")), {"namespace": "tenant-globex"}), 403)
}

# A namespace can come again with another incarnation of its tenant; the issuer cannot.
test_an_older_tenant_of_the_same_namespace_is_refused if {
	older := object.union(globex, {"namespace": "tenant-acme"})
	foreign := object.union(token, {"iss": globex.issuer, "aud": globex.audiences[0]})
	is_refused(decide_among(request(resource, foreign), {"a": acme, "b": older}), 401)
}

test_s_050_a_token_of_another_tenant_is_refused if {
	foreign := object.union(token, {"iss": globex.issuer, "aud": globex.audiences[0]})
	is_refused(decide(request(resource, foreign)), 401)
}

test_s_050_a_token_of_another_tenant_is_refused_on_a_public_toolset if {
	foreign := object.union(token, {"iss": globex.issuer, "aud": globex.audiences[0]})
	is_refused(decide(request(with_access("Public"), foreign)), 401)
}

test_an_issuer_that_belongs_to_nobody_is_refused if {
	is_refused(decide_token({"iss": "https://id.test/realms/master"}), 401)
}

test_an_issuer_of_the_tenant_that_the_tenant_itself_does_not_name_is_refused if {
	is_refused(decide_with(subscribed, {"issuer": "https://id.test/realms/other"}), 401)
}

# The tenant's own word is not enough: the issuer must be known as that tenant's.
test_an_issuer_that_is_known_as_another_tenants_is_refused if {
	decision := authz.decision with input as subscribed
		with data.bulkhead.issuers as {acme.issuer: "b"}
		with data.bulkhead.pool as pool
		with data.bulkhead.tenants as tenants
		with time.now_ns as now_ns
	is_refused(decision, 401)
}

# S-052: claims that a realm's admin can invent decide nothing.
test_s_052_invented_claims_change_nothing if {
	invented := {"tenant_id": "b", "tenant": "b", "namespace": "tenant-globex", "roles": ["platform-admin"]}
	decide_token(invented) == decide(subscribed)
}

test_s_049_a_wrong_audience_is_refused if {
	is_refused(decide_token({"aud": "account"}), 403)
	is_refused(decide_token({"aud": ["account", globex.audiences[0]]}), 403)
	is_refused(decide_token({"aud": []}), 403)
	is_refused(decide_token({"aud": {"urn:bulkhead:tenant:a": true}}), 403)
	is_refused(decide_token({"aud": {"account": acme.audiences[0]}}), 403)
}

test_s_049_our_audience_alone_is_allowed if decide_token({"aud": acme.audiences[0]}).allowed

test_s_047_a_token_past_its_end_is_refused_after_60_seconds if {
	old := {"iat": now_seconds - 400}
	decide_token(object.union(old, {"exp": now_seconds - 59})).allowed
	is_refused(decide_token(object.union(old, {"exp": now_seconds - 60})), 401)
	is_refused(decide_token(object.union(old, {"exp": now_seconds - 61})), 401)
}

test_s_047_an_absurd_end_is_refused if {
	every end in [1e300, "1795477290", -1, null, true, now_seconds + 999999, now_seconds - 11] {
		is_refused(decide_token({"exp": end}), 401)
	}
}

test_s_047_a_token_from_the_future_is_refused if {
	decide_token({"iat": now_seconds + 60}).allowed
	is_refused(decide_token({"iat": now_seconds + 61}), 401)
	is_refused(decide_token({"iat": "1795476990"}), 401)
}

test_a_token_that_lives_too_long_is_refused if {
	decide_token({"iat": now_seconds, "exp": now_seconds + 3600}).allowed
	is_refused(decide_token({"iat": now_seconds, "exp": now_seconds + 3601}), 401)
}

test_without_a_token_only_public_is_allowed if {
	is_refused(decide(anonymous_request(with_access("Subscribed"))), 401)
	is_refused(decide(anonymous_request(with_access("Authenticated"))), 401)
	decide(anonymous_request(with_access("Public"))).allowed
}

test_an_unknown_access_level_is_refused if {
	is_refused(decide(anonymous_request(with_access("public"))), 403)
	is_refused(decide(request(with_access("Everyone"), token)), 403)
}

test_the_anonymous_caller_has_the_tenants_limit_and_no_windows if {
	decision := decide(anonymous_request(with_access("Public")))
	decision.dynamic_metadata.subscription == "-"
	decision.dynamic_metadata.plan == "-"
	object.keys(decision.dynamic_metadata.limits) == {"tenant", "pool"}
}

test_any_token_of_the_realm_may_use_an_authenticated_toolset if {
	decision := decide(request(with_access("Authenticated"), object.union(token, {"azp": "portal"})))
	decision.allowed
	decision.dynamic_metadata.subscription == "-"
}

test_a_subscriber_of_an_authenticated_toolset_keeps_its_plan if {
	decide(request(with_access("Authenticated"), token)).dynamic_metadata.plan == "plan-1"
}

# S-098: a client that is no subscription makes no counter.
test_s_098_an_unknown_subscription_is_refused if {
	is_refused(decide_token({"azp": "sub-unknown"}), 403)
}

test_a_subscription_of_another_toolset_is_refused if {
	other := object.union(resource, {"toolset": "toolset-2"})
	is_refused(decide(request(other, token)), 403)
}

test_a_suspended_subscription_is_refused_at_every_access_level if {
	edit := {"subscriptions": {"sub-1": {"suspended": true}}}
	every level in ["Subscribed", "Authenticated", "Public"] {
		is_refused(decide_with(request(with_access(level), token), edit), 403)
	}
}

# Refused by the operator, unreadable or deleted: the token of such a subscription outlives its access.
test_a_subscription_that_is_no_longer_in_the_data_is_refused_at_every_access_level if {
	every level in ["Subscribed", "Authenticated", "Public"] {
		is_refused(decide_replacing(request(with_access(level), token), "subscriptions", {}), 403)
	}
}

test_a_subscription_ends_at_its_end if {
	decide_with(subscribed, {"subscriptions": {"sub-1": {"expiresAt": now_seconds + 1}}}).allowed
	is_refused(decide_with(subscribed, {"subscriptions": {"sub-1": {"expiresAt": now_seconds}}}), 403)
	is_refused(decide_with(subscribed, {"subscriptions": {"sub-1": {"expiresAt": "tomorrow"}}}), 403)
}

test_s_137_a_subscription_to_a_plan_that_is_gone_is_refused if {
	is_refused(decide_replacing(subscribed, "plans", {}), 403)
}

# S-107: a limit that cannot be passed on refuses; it is never taken for no limit.
test_s_107_a_plan_with_an_impossible_limit_is_refused if {
	every limit in [
		{"requests_per_unit": 0, "unit": "SECOND"},
		{"requests_per_unit": -1, "unit": "SECOND"},
		{"requests_per_unit": 1.5, "unit": "SECOND"},
		{"requests_per_unit": 4294967296, "unit": "SECOND"},
		{"requests_per_unit": "5", "unit": "SECOND"},
		{"requests_per_unit": 5, "unit": "EON"},
		{"requests_per_unit": 5, "unit": "MINUTE"},
		{"requests_per_unit": 5},
		{"unlimited": true},
		null,
	] {
		is_refused(decide_replacing(subscribed, "plans", {"plan-1": {"limits": {"second": limit}}}), 403)
	}
}

test_s_107_a_window_that_we_do_not_know_is_refused if {
	limits := {"eon": {"requests_per_unit": 5, "unit": "SECOND"}}
	is_refused(decide_replacing(subscribed, "plans", {"plan-1": {"limits": limits}}), 403)
}

test_a_plan_without_limits_is_allowed if {
	decide_replacing(subscribed, "plans", {"plan-1": {"limits": {}}}).allowed
}

# The rate limit service has a floor for these two, so an unknown unit is left out instead of ending that service.
test_an_unknown_unit_of_the_ceiling_never_leaves if {
	decision := decide_with(subscribed, {"ceiling": {"unit": "EON"}})
	decision.allowed
	not decision.dynamic_metadata.limits.tenant
}

# Silence would mean the service's floor: a pool of which nothing is left has to be named.
test_a_pool_of_nothing_is_said if {
	nothing := {"requests_per_unit": 0, "unit": "SECOND"}
	decision := authz.decision with input as subscribed
		with data.bulkhead.issuers as issuers
		with data.bulkhead.pool as nothing
		with data.bulkhead.tenants as tenants
		with time.now_ns as now_ns
	decision.dynamic_metadata.limits.pool == nothing
}

test_a_suspended_tenant_is_refused if {
	every question in [subscribed, anonymous_request(with_access("Public")), anonymous_request(resource)] {
		decision := decide_with(question, {"suspended": true})
		is_refused(decision, 403)
		contains(decision.body, "suspended")
	}
}

test_a_policy_of_the_toolset_or_of_the_tool_must_allow if {
	open := {"rules": [{"roles": [], "methods": []}], "broken": false}
	closed := {"rules": [{"roles": ["admin"], "methods": []}], "broken": false}
	decide_with(subscribed, {"policies": {"toolset-1": open, "tool-1": open}}).allowed
	is_refused(decide_with(subscribed, {"policies": {"toolset-1": closed, "tool-1": open}}), 403)
	is_refused(decide_with(subscribed, {"policies": {"toolset-1": open, "tool-1": closed}}), 403)
	decide_with(subscribed, {"policies": {"toolset-2": closed}}).allowed
}

test_a_policy_without_rules_refuses if {
	is_refused(decide_with(subscribed, {"policies": {"tool-1": {"rules": [], "broken": false}}}), 403)
}

test_a_broken_policy_refuses_its_target if {
	rules := [{"roles": [], "methods": []}]
	is_refused(decide_with(subscribed, {"policies": {"tool-1": {"rules": rules, "broken": true}}}), 403)
	is_refused(decide_with(subscribed, {"policies": {"tool-1": {"rules": rules}}}), 403)
	is_refused(decide_with(subscribed, {"policies": {"tool-1": null}}), 403)
	is_refused(decide_with(subscribed, {"policies": {"tool-1": false}}), 403)
}

test_a_rule_needs_its_role_and_its_method if {
	decide_with(subscribed, one_rule(["writer", "reader"], ["GET"])).allowed
	is_refused(decide_with(subscribed, one_rule(["writer"], ["GET"])), 403)
	is_refused(decide_with(subscribed, one_rule(["reader"], ["POST"])), 403)
}

# S-040: methods are compared as they came.
test_s_040_a_method_in_another_case_is_refused if {
	question := json.patch(subscribed, [{"op": "replace", "path": "/attributes/request/http/method", "value": "get"}])
	is_refused(decide_with(question, one_rule([], ["GET"])), 403)
}

test_roles_that_are_not_a_list_are_no_roles if {
	every access in ["reader", {"reader": true}, null, 5] {
		payload := object.union(object.remove(token, ["realm_access"]), {"realm_access": {"roles": access}})
		is_refused(decide_with(request(resource, payload), one_rule(["reader"], [])), 403)
	}
}

# S-067: a refusal says nothing about issuers, realms or other tenants.
test_s_067_bodies_name_nobody if {
	questions := [
		subscribed,
		anonymous_request(resource),
		request(resource, object.union(token, {"iss": globex.issuer})),
		request(resource, object.union(token, {"aud": "account"})),
		request(resource, object.union(token, {"azp": "unknown"})),
	]
	every question in questions {
		body := object.get(decide(question), "body", "")
		not regex.match(`realm|acme|globex|urn:|https:`, body)
	}
}

test_the_decision_log_holds_no_header_no_query_and_no_personal_claim if {
	question := json.patch(
		request(resource, object.union(token, {"email": "ann@acme.example"})),
		[{"op": "replace", "path": "/attributes/request/http/path", "value": "/x?key=secret"}],
	)
	masks := authz.mask with input as {"input": question}
	{"op": "upsert", "path": "/input/attributes/request/http/path", "value": "/x"} in masks
	{"op": "remove", "path": "/input/attributes/request/http/headerMap"} in masks
	{"op": "remove", "path": "/input/parsed_query"} in masks
	some mask in masks
	endswith(mask.path, "/payload")
	object.keys(mask.value) == {"iss", "aud", "azp", "iat", "exp"}
}
