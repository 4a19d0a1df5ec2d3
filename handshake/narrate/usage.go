package narrate

import (
	"strings"

	"tlslab/handshake/reason"
)

// usage is the Kind of what is said of a command line or an address that makes no sense, in every
// language but English: the key is the format of a reason.Usage, the title the same format in the
// language.
const usage Kind = "usage"

// Usage is a sentence in a language. One that has no entry is in English, as of a package that is
// not ours. What it returns is not escaped.
func Usage(l Lang, u reason.Usage) string {
	if l == En {
		return u.String()
	}
	format := u.Format
	if e, ok := Get(l, usage, format); ok {
		format = e.Title
	}
	args := make([]any, len(u.Args))
	for i, a := range u.Args {
		switch a := a.(type) {
		case reason.Usage:
			args[i] = Usage(l, a)
		case reason.Names:
			args[i] = strings.Join(a, "、")
		case reason.Both:
			args[i] = strings.Join(a, " 和 ")
		case reason.OneOf:
			args[i] = strings.Join(a, " 或 ")
		case reason.Phrase:
			args[i] = say(l, a)
		case error:
			args[i] = Fault(l, a)
		default:
			args[i] = a
		}
	}
	return u.In(format, args)
}
