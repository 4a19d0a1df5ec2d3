package capture

import (
	"errors"
	"strings"
	"testing"

	"tlslab/cmd/tlslab/internal/cli"
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

// The list and its JSON count the messages of a WebSocket; where one side said what is none, that too.
func TestProxyMessages(t *testing.T) {
	e := &proxy.Entry{N: 1, Kind: proxy.Request, Method: "GET", Host: "www.lab.test", Path: "/chat", Status: 101, Upgraded: "websocket", WebSocket: &proxy.WebSocket{Sent: 3, Received: 12}}
	for _, lang := range narrate.Langs() {
		l := &proxyList{flags: &proxyFlags{View: cli.View{Lang: lang}}, out: new(cli.Output)}
		e.WebSocket.Side, e.WebSocket.Err = "", nil
		whole := l.text(e)
		if !strings.Contains(whole, "3") || !strings.Contains(whole, "12") || !strings.Contains(l.json(e), `"messages":{"sent":3,"received":12}`) {
			t.Errorf("%s\n%s", whole, l.json(e))
		}
		e.WebSocket.Side, e.WebSocket.Err = proxy.SideServer, errors.New("none")
		if said := l.text(e); len(said) <= len(whole) || !strings.Contains(l.json(e), `"received":12,"error":"server: none"`) {
			t.Errorf("%s\n%s", said, l.json(e))
		}
	}
}
