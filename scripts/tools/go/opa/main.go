// OPA with Envoy's external authorization plugin. The same binary is the opa command line (test, check, fmt, build).
package main

import (
	"os"

	"github.com/open-policy-agent/opa-envoy-plugin/plugin"
	"github.com/open-policy-agent/opa/cmd"
	"github.com/open-policy-agent/opa/v1/runtime"
)

func main() {
	runtime.RegisterPlugin(plugin.PluginName, plugin.Factory{})
	if len(os.Args) > 1 && os.Args[1] == "run" {
		useActivator()
	}
	if err := cmd.RootCommand.Execute(); err != nil {
		os.Exit(1)
	}
}
