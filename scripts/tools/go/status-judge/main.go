// Says what others make of our objects: Argo CD, by a health script in its own Lua interpreter, and kstatus, by its own
// code. Objects come in as JSON lines on standard input, one answer a line goes out. The first argument is the script.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type verdict struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

type answer struct {
	Argo    verdict `json:"argo"`
	Kstatus verdict `json:"kstatus"`
}

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	if len(args) != 1 {
		return errors.New("usage: status-judge SCRIPT < OBJECTS")
	}
	script, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 8<<20)
	answers := json.NewEncoder(out)
	for lines.Scan() {
		object := &unstructured.Unstructured{}
		// Numbers become int64, as they are where Argo CD and kstatus read objects from the API server.
		if err := object.UnmarshalJSON(lines.Bytes()); err != nil {
			return fmt.Errorf("cannot read an object: %w", err)
		}
		judged, err := judge(object, string(script))
		if err != nil {
			return fmt.Errorf("cannot judge %s %q: %w", object.GetKind(), object.GetName(), err)
		}
		if err := answers.Encode(judged); err != nil {
			return err
		}
	}
	return lines.Err()
}

func judge(object *unstructured.Unstructured, script string) (answer, error) {
	argo, err := health(object.Object, script)
	if err != nil {
		return answer{}, err
	}
	result, err := status.Compute(object)
	if err != nil {
		return answer{}, err
	}
	return answer{argo, verdict{result.Status.String(), result.Message}}, nil
}
