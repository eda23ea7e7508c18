// Regal, the linter for Rego.
package main

import (
	"errors"
	"log"
	"os"

	"github.com/open-policy-agent/regal/cmd"

	_ "github.com/open-policy-agent/regal/pkg/roast/intern"
)

func main() {
	log.SetFlags(0)
	err := cmd.RootCommand.Execute()
	if err == nil {
		return
	}
	if exit := (cmd.ExitError{}); errors.As(err, &exit) {
		os.Exit(exit.Code())
	}
	os.Exit(1)
}
