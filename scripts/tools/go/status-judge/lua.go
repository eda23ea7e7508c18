package main

import (
	"context"
	"fmt"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// What Argo CD gives a script of a ConfigMap, less the little of `package` and `os` that it leaves in: a script that
// needs neither runs in both.
var libraries = map[string]lua.LGFunction{
	lua.BaseLibName: lua.OpenBase,
	lua.TabLibName:  lua.OpenTable,
}

// Argo CD ends a script after as long.
const timeout = time.Second

var statuses = map[string]bool{
	"Healthy": true, "Progressing": true, "Degraded": true, "Suspended": true, "Missing": true, "Unknown": true,
}

func health(object map[string]any, script string) (verdict, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range libraries {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			return verdict{}, err
		}
	}
	// They are part of the base library, and would read the machine's files.
	for _, name := range []string{"dofile", "loadfile", "require", "module"} {
		state.SetGlobal(name, lua.LNil)
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	state.SetContext(ctx)
	state.SetGlobal("obj", valueOf(state, object))
	if err := state.DoString(script); err != nil {
		return verdict{}, err
	}
	return verdictOf(state.Get(-1))
}

func verdictOf(returned lua.LValue) (verdict, error) {
	table, isTable := returned.(*lua.LTable)
	if !isTable {
		return verdict{}, fmt.Errorf("the script gave a %s, not a table", returned.Type())
	}
	status, message := table.RawGetString("status"), table.RawGetString("message")
	if !statuses[status.String()] {
		return verdict{}, fmt.Errorf("the script gave the status %q, which Argo CD does not know", status.String())
	}
	if text, isText := message.(lua.LString); isText {
		return verdict{status.String(), string(text)}, nil
	}
	return verdict{}, fmt.Errorf("the script gave a %s as message, not a text", message.Type())
}

func valueOf(state *lua.LState, value any) lua.LValue {
	switch known := value.(type) {
	case bool:
		return lua.LBool(known)
	case string:
		return lua.LString(known)
	case float64:
		return lua.LNumber(known)
	case int64:
		return lua.LNumber(known)
	case []any:
		list := state.CreateTable(len(known), 0)
		for _, item := range known {
			list.Append(valueOf(state, item))
		}
		return list
	case map[string]any:
		table := state.CreateTable(0, len(known))
		for key, item := range known {
			table.RawSetString(key, valueOf(state, item))
		}
		return table
	default:
		return lua.LNil
	}
}
