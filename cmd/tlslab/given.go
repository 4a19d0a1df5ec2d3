package main

// oneFlag is a flag's name, and whether it was given.
type oneFlag struct {
	name string
	set  bool
}

// given is a flag, and whether it was given.
func given(name string, set bool) oneFlag { return oneFlag{name, set} }

// allSet is the names of those that were given.
func allSet(flags ...oneFlag) (names []string) {
	for _, f := range flags {
		if f.set {
			names = append(names, f.name)
		}
	}
	return names
}

// firstSet is the name of the first that was given, or "".
func firstSet(flags ...oneFlag) string {
	for _, f := range flags {
		if f.set {
			return f.name
		}
	}
	return ""
}
