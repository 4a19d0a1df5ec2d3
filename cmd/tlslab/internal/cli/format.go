package cli

import (
	"slices"

	"github.com/spf13/cobra"

	"tlslab/handshake/reason"
	"tlslab/handshake/render/page"
)

// The forms in which a verb writes what it has to say, as --format names them. Which of them a
// verb has is its own business.
const (
	Text    = "text"
	JSON    = "json"
	HTML    = "html"
	Mermaid = "mermaid"
)

// FormatFlag adds --format. Text is what is written without it.
func FormatFlag(cmd *cobra.Command, v *string, names ...string) {
	cmd.Flags().StringVar(v, "format", Text, alternatives(names))
	Complete(cmd, "format", func() []string { return names })
}

// CheckFormat refuses a form that is not among names.
func CheckFormat(v string, names ...string) error {
	if slices.Contains(names, v) {
		return nil
	}
	return Misuse("", "--format %s: it is %s", v, either(names))
}

// alternatives are names as a sentence has them.
func alternatives(names []string) string { return either(names).String() }

func either(names []string) reason.Usage {
	last := len(names) - 1
	return reason.Usagef("%v or %s", reason.Names(names[:last]), names[last])
}

// textFlags are about what a transcript in text shows, where a verb has them.
var textFlags = []string{"worksheet", "answers", "brief", "bytes", "full", "message", "secrets", "checks", "myths", "ca", "predict", "score"}

// terminalFlags are about the terminal on which a text stands.
var terminalFlags = []string{"width", "color"}

// TextOnly refuses what was asked of a text where the form is another, but for the flags that this
// form heeds too.
func TextOnly(cmd *cobra.Command, format string, heeded ...string) error {
	if format == Text {
		return nil
	}
	about := textFlags
	if format == HTML { // a page of many messages has the bytes of one more; and a browser lays it out
		heeded, about = append(heeded, "message"), slices.Concat(about, terminalFlags)
	}
	for _, name := range about {
		f := cmd.Flags().Lookup(name)
		if f != nil && f.Value.String() != f.DefValue && !slices.Contains(heeded, name) {
			return Misuse("Leave one of the two out.", "--%s is about text, not --format %s", name, format)
		}
	}
	return nil
}

// PageOptions are those of a page in the reader's language, made by this program.
func (v *View) PageOptions() page.Options {
	return page.Options{Lang: v.Lang, Version: Version(), Message: v.Alone.Message}
}
