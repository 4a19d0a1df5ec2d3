package flags

// Flag is a flag's name, and whether it was given.
type Flag struct {
	name string
	set  bool
}

// Given is a flag, and whether it was given.
func Given(name string, set bool) Flag { return Flag{name, set} }

// AllSet is the names of those that were given.
func AllSet(flags ...Flag) (names []string) {
	for _, f := range flags {
		if f.set {
			names = append(names, f.name)
		}
	}
	return names
}

// FirstSet is the name of the first that was given, or "".
func FirstSet(flags ...Flag) string {
	for _, f := range flags {
		if f.set {
			return f.name
		}
	}
	return ""
}
