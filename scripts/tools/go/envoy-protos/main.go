// Writes every protobuf file of Envoy's published Go bindings, and all they import, as one FileDescriptorSet.
// The bindings carry each descriptor as a string constant, which is read from their source: compiling their 490
// packages, only to ask them for the same bytes, takes minutes.
// Usage: envoy-protos FILE, in the folder of this module.
package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	// Keeps the bindings in go.mod, so that go.sum pins their content; the smallest of their packages.
	_ "github.com/envoyproxy/go-control-plane/envoy/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

const bindings = "github.com/envoyproxy/go-control-plane/envoy"

type files map[string]*descriptorpb.FileDescriptorProto

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: envoy-protos FILE")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintf(os.Stderr, "cannot write the descriptor set: %v\n", err)
		os.Exit(1)
	}
}

func write(path string) error {
	found, err := readBindings()
	if err != nil {
		return err
	}
	set, err := inOrder(found)
	if err != nil {
		return err
	}
	// The check that nothing is lost or mangled: the set must link, every name in it resolved.
	if _, err := protodesc.NewFiles(set); err != nil {
		return err
	}
	bytes, err := proto.MarshalOptions{Deterministic: true}.Marshal(set)
	if err != nil {
		return err
	}
	fmt.Printf("%d files, %d of them Envoy's, %d bytes\n", len(set.File), len(found), len(bytes))
	return os.WriteFile(path, bytes, 0o644)
}

func readBindings() (files, error) {
	folder, err := exec.Command("go", "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", bindings).Output()
	if err != nil {
		return nil, fmt.Errorf("cannot find the module %s: %w", bindings, err)
	}
	found := files{}
	err = filepath.WalkDir(strings.TrimSpace(string(folder)), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !isMessages(entry.Name()) {
			return err
		}
		file, err := readDescriptor(path)
		if err != nil {
			return fmt.Errorf("cannot read %s: %w", path, err)
		}
		found[file.GetName()] = file
		return nil
	})
	return found, err
}

// Services, validators and fast encoders are generated beside the messages and carry no descriptor.
func isMessages(name string) bool {
	for _, other := range []string{"_grpc.pb.go", "_vtproto.pb.go", ".pb.validate.go"} {
		if strings.HasSuffix(name, other) {
			return false
		}
	}
	return strings.HasSuffix(name, ".pb.go")
}

func readDescriptor(path string) (*descriptorpb.FileDescriptorProto, error) {
	source, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, declaration := range source.Decls {
		general, ok := declaration.(*ast.GenDecl)
		if !ok || general.Tok != token.CONST || len(general.Specs) != 1 {
			continue
		}
		constant, ok := general.Specs[0].(*ast.ValueSpec)
		if !ok || !strings.HasSuffix(constant.Names[0].Name, "_rawDesc") {
			continue
		}
		var raw strings.Builder
		if err := appendText(&raw, constant.Values[0]); err != nil {
			return nil, err
		}
		file := &descriptorpb.FileDescriptorProto{}
		return file, proto.Unmarshal([]byte(raw.String()), file)
	}
	return nil, errors.New("it holds no descriptor")
}

// The constant is one string, or a sum of them.
func appendText(text *strings.Builder, expression ast.Expr) error {
	switch node := expression.(type) {
	case *ast.BinaryExpr:
		if err := appendText(text, node.X); err != nil {
			return err
		}
		return appendText(text, node.Y)
	case *ast.BasicLit:
		part, err := strconv.Unquote(node.Value)
		text.WriteString(part)
		return err
	default:
		return fmt.Errorf("its descriptor is not a string constant but %T", expression)
	}
}

// Imports come before their importers, as readers of a descriptor set expect; else by name, so that two runs write
// the same bytes. What is imported from elsewhere is linked into this program (see foreign.go).
func inOrder(found files) (*descriptorpb.FileDescriptorSet, error) {
	names := []string{}
	for name := range found {
		names = append(names, name)
	}
	// Also those that nothing imports: a matcher of xds travels inside an Any, and must be known to be written there.
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if _, ok := found[file.Path()]; !ok {
			names = append(names, file.Path())
		}
		return true
	})
	sort.Strings(names)
	set := &descriptorpb.FileDescriptorSet{}
	seen := map[string]bool{}
	var visit func(name string) error
	visit = func(name string) error {
		if seen[name] {
			return nil
		}
		seen[name] = true
		file, ok := found[name]
		if !ok {
			foreign, err := protoregistry.GlobalFiles.FindFileByPath(name)
			if err != nil {
				return fmt.Errorf("%s is imported and not linked into this program: add its package to foreign.go", name)
			}
			file = protodesc.ToFileDescriptorProto(foreign)
		}
		for _, dependency := range file.GetDependency() {
			if err := visit(dependency); err != nil {
				return err
			}
		}
		set.File = append(set.File, file)
		return nil
	}
	for _, name := range names {
		if err := visit(name); err != nil {
			return nil, err
		}
	}
	return set, nil
}
