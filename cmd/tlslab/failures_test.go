package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/capture"
	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/cmd/tlslab/internal/live"
	"tlslab/handshake/narrate"
)

// What the verbs and the proxy say of failures names their own flags, too.
func TestFailuresNameFlagsOfTheVerb(t *testing.T) {
	for _, l := range narrate.Langs() {
		for _, key := range narrate.Keys(narrate.UI) {
			var verb *cobra.Command
			switch {
			case strings.HasPrefix(key, "cmd.proxy_cause_"), strings.HasPrefix(key, "cmd.proxy_warning_"), strings.HasPrefix(key, "cmd.proxy_unbelieved"):
				verb = capture.NewProxy()
			case key == "cmd.renegotiation_server", key == "cmd.mute", key == "cmd.too_slow", key == "cmd.half_hello", key == "cmd.reads_no_flight", key == "cmd.no_client_certificate", key == "cmd.client_certificate_demanded", key == "cmd.client_ca", strings.HasPrefix(key, "cmd.ticket_key_"):
				verb = live.NewServer()
			case slices.Contains([]string{"cmd.renegotiation_client", "cmd.wants_certificate", "cmd.not_trusted", "cmd.certificate_asked", "cmd.certificate_unfit", "cmd.name_root", "cmd.name_server"}, key):
				verb = live.NewClient()
			default:
				continue
			}
			e := narrate.Must(l, narrate.UI, key)
			clitest.KnowsFlags(t, verb, key, e.Title+" "+e.Text)
		}
	}
}
