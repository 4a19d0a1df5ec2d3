package message_test

import (
	"bytes"
	"crypto/x509"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/message"
)

// first returns the first message in the capture called name that is of type M.
func first[M message.Message](t *testing.T, name string) M {
	t.Helper()
	for _, c := range captures(t) {
		if c.name != name {
			continue
		}
		for _, m := range c.read(t) {
			if m, ok := m.(M); ok {
				return m
			}
		}
	}
	var none M
	t.Fatalf("no %T in a capture called %s", none, name)
	return none
}

// Every message of the traces is here, in the order in which they went.
func TestRFC8448(t *testing.T) {
	const (
		ch, sh, hrr  = message.KindClientHello, message.KindServerHello, message.KindHelloRetryRequest
		ee, ct, cv   = message.KindEncryptedExtensions, message.KindCertificate, message.KindCertificateVerify
		cr, fin, nst = message.KindCertificateRequest, message.KindFinished, message.KindNewSessionTicket
		eoed         = message.KindEndOfEarlyData
	)
	want := map[string][]message.Kind{
		"rfc8448-1rtt":          {ch, sh, ee, ct, cv, fin, fin, nst},
		"rfc8448-resumed":       {ch, sh, ee, fin, eoed, fin},
		"rfc8448-hello-retry":   {ch, hrr, ch, sh, ee, ct, cv, fin, fin},
		"rfc8448-client-auth":   {ch, sh, ee, cr, ct, cv, fin, ct, cv, fin},
		"rfc8448-compatibility": {ch, sh, ee, ct, cv, fin, fin},
	}
	for _, c := range captures(t) {
		kinds, ok := want[c.name]
		if !ok {
			continue
		}
		delete(want, c.name)
		list := c.read(t)
		if len(list) != len(kinds) {
			t.Fatalf("%s has %d messages, want %d", c.name, len(list), len(kinds))
		}
		for i, m := range list {
			if m.Kind() != kinds[i] {
				t.Errorf("%s: message %d is a %s, want %s", c.name, i, m.Kind(), kinds[i])
			}
			for _, block := range blocks(m) {
				for _, x := range block.List {
					if _, raw := x.(*message.Raw); raw {
						t.Errorf("%s: %s in message %d has no Go type", c.name, x.Type(), i)
					}
				}
			}
		}
	}
	for name := range want {
		t.Errorf("no capture called %s", name)
	}

	ticket := first[*message.NewSessionTicket13](t, "rfc8448-1rtt")
	limit, ok := message.Get[*message.EarlyDataLimit](&ticket.Extensions)
	if ticket.Lifetime != 30 || ticket.AgeAdd != 0xfad6aac5 || !bytes.Equal(ticket.Nonce, []byte{0, 0}) || !ok || limit.Max != 1024 {
		t.Errorf("the ticket is %+v, its limit %+v", ticket, limit)
	}
	resumed := first[*message.ClientHello](t, "rfc8448-resumed")
	psk, ok := message.Get[*message.PreSharedKeyClient](&resumed.Extensions)
	if !ok || !bytes.Equal(psk.Identities[0].Identity, ticket.Ticket) || psk.Identities[0].ObfuscatedAge-ticket.AgeAdd > 30_000 {
		t.Error("the key offered is not that ticket's, or not in its lifetime")
	}
	if psk.BindersOffset() != 477 { // "ClientHello prefix (477 octets)"
		t.Errorf("the binders begin at byte %d, want 477", psk.BindersOffset())
	}
	accepted := first[*message.EncryptedExtensions](t, "rfc8448-resumed")
	if _, ok := message.Get[*message.EarlyData](&accepted.Extensions); !ok {
		t.Error("the server takes no early data")
	}
	groups, ok := message.Get[*message.SupportedGroups](&accepted.Extensions)
	if !ok || len(groups.Groups) != 9 || groups.Groups[0] != iana.X25519 {
		t.Errorf("its groups are %+v", groups)
	}
}

// What the commands in the captures asked for is what we read in the answers.
func TestForeignAnswers13(t *testing.T) {
	const openssl, gnutls = "flight-openssl-tls13", "flight-gnutls-tls13"

	ee := first[*message.EncryptedExtensions](t, openssl)
	if x, ok := message.Get[*message.MaxFragmentLength](&ee.Extensions); !ok || x.Code.Bytes() != 4096 {
		t.Errorf("openssl -maxfraglen 4096 gets %+v", x)
	}
	if _, ok := message.Get[*message.ServerNameAck](&ee.Extensions); !ok {
		t.Error("openssl -servername is not acknowledged")
	}
	ee = first[*message.EncryptedExtensions](t, gnutls)
	if x, ok := message.Get[*message.ALPN](&ee.Extensions); !ok || len(x.Protocols) != 1 || x.Protocols[0] != "h2" {
		t.Errorf("gnutls --alpn h2 gets %+v", x)
	}
	if x, ok := message.Get[*message.RecordSizeLimit](&ee.Extensions); !ok || x.Limit != 16385 {
		t.Errorf("gnutls takes %+v", x)
	}

	chain := first[*message.Certificate13](t, openssl)
	leaf, err := x509.ParseCertificate(chain.Entries[0].Cert)
	if err != nil || leaf.VerifyHostname("www.lab.test") != nil || len(chain.RequestContext) > 0 {
		t.Errorf("the certificate is %v, %v", leaf, err)
	}
	if x, ok := message.Get[*message.StapledStatus](&chain.Entries[0].Extensions); !ok || x.Response[0] != 0x30 {
		t.Errorf("openssl -status gets %+v", x)
	}

	for _, name := range []string{openssl, gnutls} {
		request := first[*message.CertificateRequest13](t, name)
		authorities, ok := message.Get[*message.CertificateAuthorities](&request.Extensions)
		if !ok || len(authorities.Authorities) != 1 || !bytes.Equal(authorities.Authorities[0], leaf.RawIssuer) {
			t.Errorf("%s wants a certificate of %+v", name, authorities)
		}
		if x, ok := message.Get[*message.SignatureAlgorithms](&request.Extensions); !ok || len(x.Schemes) < 10 {
			t.Errorf("%s takes %+v", name, x)
		}
		if _, ok := message.Get[*message.StatusRequestEmpty](&request.Extensions); ok != (name == gnutls) {
			t.Errorf("%s wants a stapled status: %v", name, ok)
		}
		if m := first[*message.KeyUpdate](t, name); m.RequestUpdate != iana.UpdateRequested {
			t.Errorf("%s says %s", name, m.RequestUpdate)
		}
	}
	ticket := first[*message.NewSessionTicket13](t, openssl)
	if x, ok := message.Get[*message.EarlyDataLimit](&ticket.Extensions); !ok || x.Max != 16384 || ticket.Lifetime != 7200 {
		t.Errorf("openssl -max_early_data 16384 gives %+v, %+v", ticket, x)
	}
}
