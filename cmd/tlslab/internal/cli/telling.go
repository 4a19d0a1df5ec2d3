package cli

import (
	"github.com/spf13/cobra"

	"tlslab/handshake/render"
)

// Telling is how much is told of a handshake, beside --brief and --bytes: by flights, unless more
// is asked for, or one thing alone.
type Telling struct {
	Full  bool
	Alone render.Only

	tells bool // the verb tells of handshakes
	given func(flag string) bool
}

// TellingFlags adds the flags of a verb that tells of handshakes.
func (t *Telling) TellingFlags(cmd *cobra.Command) {
	t.tells = true
	f := cmd.Flags()
	t.given = f.Changed
	f.BoolVar(&t.Full, "full", false, "tell everything, and not by flights")
	f.IntVar(&t.Alone.Message, "message", 0, "only the message of this `number`: every byte, and what was checked and computed for it; with --format html its bytes, however long the page")
	f.BoolVar(&t.Alone.Secrets, "secrets", false, "only the secrets: formula, inputs, value, the command that computes each again")
	f.BoolVar(&t.Alone.Checks, "checks", false, "only the checks, in full")
	f.BoolVar(&t.Alone.Myths, "myths", false, "only what is often said otherwise, and where it belongs")
}

// CAFlag adds the flag of a verb that has a certificate issued.
func (t *Telling) CAFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&t.Alone.CA, "ca", false, "only how the certificate was issued")
}

// only names the flags that leave the rest out, as they were given.
func (t *Telling) only() (flags []string) {
	for _, f := range []struct {
		name string
		set  bool
	}{{"--message", t.Alone.Message != 0}, {"--secrets", t.Alone.Secrets}, {"--checks", t.Alone.Checks}, {"--myths", t.Alone.Myths}, {"--ca", t.Alone.CA}} {
		if f.set {
			flags = append(flags, f.name)
		}
	}
	return flags
}

// level is the one to tell at: by flights, if nothing else was asked for; every byte of what
// alone was asked for, but a myth has none, and issuing is read in words.
func (v *View) level() (render.Level, error) {
	only := v.only()
	switch {
	case v.Brief && v.Bytes:
		return 0, Misuse("Choose one of the two.", "--brief and --bytes contradict each other")
	case v.Brief && v.Full:
		return 0, Misuse("Choose one of the two.", "--brief and --full contradict each other")
	case v.Brief && len(only) > 0:
		return 0, Misuse("Leave one of the two out.", "%s tells more than a line a move, which is --brief", only[0])
	case len(only) > 0 && v.Full && v.given("full"): // and not since another flag implies it
		return 0, Misuse("Leave one of the two out.", "%s tells one thing alone, and --full tells everything", only[0])
	case v.tells && v.given("message") && v.Alone.Message < 1:
		return 0, Misuse("They are numbered from 1, in the transcript.", "--message %d is no number of a message", v.Alone.Message)
	case v.Brief:
		return render.Brief, nil
	case v.Bytes || v.Alone.Message != 0 || v.Alone.Secrets || v.Alone.Checks:
		return render.Bytes, nil
	case v.tells && !v.Full && len(only) == 0:
		return render.Flights, nil
	}
	return render.Default, nil
}

// MessageFound refuses a --message that is the number of none of so many messages.
func (t *Telling) MessageFound(found bool, messages int) error {
	if found || t.Alone.Message == 0 {
		return nil
	}
	return Misuse("They are numbered in the transcript.", "--message %d: there is no such message (of %d)", t.Alone.Message, messages)
}
