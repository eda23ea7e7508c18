package main

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// activator takes up bundles as OPA does, but never touches the compiler that decisions are being made with.
//
// A delta bundle changes data only. OPA still compiles the policy for it, in place, on the compiler in use; a decision
// made in that moment reads half a rule tree, and the process ends by a nil pointer.
type activator struct {
	bundle.DefaultActivator
}

func (a *activator) Activate(opts *bundle.ActivateOpts) error {
	own := *opts
	for _, b := range opts.Bundles {
		if b.Type() == bundle.DeltaBundleType {
			// Checks that policy and data still fit; the policy itself stays as it is.
			own.Compiler = ast.NewCompiler()
		}
	}
	return a.DefaultActivator.Activate(&own)
}

func useActivator() {
	const name = "bulkhead"
	bundle.RegisterActivator(name, &activator{})
	bundle.RegisterStoreFunc(func() storage.Store { return inmem.New() })
	bundle.RegisterDefaultBundleActivator(name)
}
