package bulkhead.own_issuer_test

import data.bulkhead.authz
import data.bulkhead.authz_test

# An issuer of the tenant's own: its tokens name one of several audiences, and the client where the issuer puts it.
own_issuer := {
	"issuer": "https://idp.acme.example",
	"audiences": ["orders", "invoices"],
	"clientClaims": ["azp", "client_id"],
	"subscriptions": {"portal": object.union(authz_test.acme.subscriptions["sub-1"], {"uid": "subscription-2"})},
}

own_tenants := {"a": object.union(authz_test.acme, own_issuer), "b": authz_test.globex}

own_token := object.union(
	object.remove(authz_test.token, ["azp"]),
	{"iss": own_issuer.issuer, "aud": "invoices", "client_id": "portal"},
)

decide_own(claims, about) := decision if {
	decision := authz.decision with input as authz_test.request(object.union(authz_test.resource, about), claims)
		with data.bulkhead.tenants as own_tenants
		with data.bulkhead.issuers as {own_issuer.issuer: "a", authz_test.globex.issuer: "b"}
		with data.bulkhead.pool as authz_test.pool
		with time.now_ns as authz_test.now_ns
}

test_a_client_of_an_issuer_of_the_tenant_is_known_by_its_claim if {
	decide_own(own_token, {}).dynamic_metadata.subscription == "subscription-2"
	decide_own(object.union(own_token, {"azp": "portal"}), {}).allowed
}

test_the_first_claim_that_a_token_has_counts_alone if {
	every azp in ["other", "", null, 7, ["portal"]] {
		authz_test.is_refused(decide_own(object.union(own_token, {"azp": azp}), {}), 403)
	}
}

test_a_claim_that_the_issuer_does_not_use_names_nobody if {
	authz_test.is_refused(decide_own(object.union(object.remove(own_token, ["client_id"]), {"cid": "portal"}), {}), 403)
	authz_test.is_refused(authz_test.decide_token({"azp": null, "client_id": "sub-1"}), 403)
}

roles_claim := "https://acme.example/roles"

readers := {"toolset-1": {"broken": false, "rules": [{"roles": ["reader"], "methods": []}]}}

decide_roles(claims) := decision if {
	about := object.union(own_issuer, {"rolesPath": [roles_claim], "policies": readers})
	question := object.union(object.remove(own_token, ["realm_access"]), claims)
	decision := authz.decision with input as authz_test.request(authz_test.resource, question)
		with data.bulkhead.tenants as {"a": object.union(authz_test.acme, about)}
		with data.bulkhead.issuers as {own_issuer.issuer: "a"}
		with data.bulkhead.pool as authz_test.pool
		with time.now_ns as authz_test.now_ns
}

test_its_roles_are_where_the_tenant_says_and_nowhere_else if {
	decide_roles({roles_claim: ["reader"]}).allowed
	authz_test.is_refused(decide_roles({"realm_access": {"roles": ["reader"]}}), 403)
	authz_test.is_refused(decide_roles({roles_claim: "reader"}), 403)
	authz_test.is_refused(decide_roles({roles_claim: {"reader": true}}), 403)
}

test_a_token_of_an_issuer_of_the_tenant_is_of_no_other_tenant if {
	authz_test.is_refused(decide_own(own_token, {"tenant": "b", "namespace": "tenant-globex"}), 401)
	authz_test.is_refused(decide_own(object.union(own_token, {"aud": "account"}), {}), 403)
	authz_test.is_refused(decide_own(object.union(own_token, {"iss": "https://idp.acme.example/"}), {}), 401)
}
