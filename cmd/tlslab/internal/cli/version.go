package cli

import (
	"runtime/debug"
)

// Version is the module's, as the go command stamped it.
func Version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version + " (" + info.GoVersion + ")"
	}
	return "(devel)"
}
