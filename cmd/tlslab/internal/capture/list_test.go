package capture

import (
	"strings"
	"testing"

	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
)

// The proxy says of a server that it does not believe what verify says, and asks for a root
// only if none was named.
func TestProxyUnbelieved(t *testing.T) {
	f := &proxy.Fault{Side: proxy.SideServer, By: proxy.SideProxy, Cause: proxy.CauseUnbelieved}
	for _, test := range []struct {
		why   reason.Reason
		field string
		named bool
		says  string
		root  bool
	}{
		{reason.CertificateUntrusted, "certificate[0].issuer", false, "forgets to send its intermediate", true},
		{reason.CertificateUntrusted, "certificate[0].issuer", true, "forgets to send its intermediate", false},
		{reason.CertificateExpired, "certificate[0].not_after", false, "renewed", false},
	} {
		f.Err = reason.New(test.why, "", test.field, nil, nil)
		for _, lang := range narrate.Langs() {
			said := strings.Join(faultLines(lang, f, test.named), "\n")
			if lang == narrate.En && !strings.Contains(said, test.says) || strings.Contains(said, "--upstream-CAfile") != test.root || !strings.Contains(said, "--upstream-insecure") {
				t.Errorf("%s, named %v: %s", test.field, test.named, said)
			}
		}
	}
}
