package cli

import "github.com/spf13/cobra"

// Telling is how much is told of a handshake, beside --brief and --bytes: by flights, unless more is asked for.
type Telling struct {
	Full bool

	tells bool // the verb tells of handshakes
}

// TellingFlags adds the flags of a verb that tells of handshakes.
func (t *Telling) TellingFlags(cmd *cobra.Command) {
	t.tells = true
	cmd.Flags().BoolVar(&t.Full, "full", false, "the whole transcript, and not by flights")
}
