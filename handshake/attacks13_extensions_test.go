package handshake_test

import (
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/certcompress"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
)

// Attacks by a peer of TLS 1.3 on what extensions settle, once they are encrypted.

// An extension in a message where it has no place, or that nobody asked for.
func TestMisplacedExtensions(t *testing.T) {
	type list = []struct {
		name string
		ext  message.Extension
		want reason.Reason
	}
	raw := func(t iana.ExtensionType, data ...byte) message.Extension {
		return &message.Raw{ExtType: t, Data: data}
	}
	add := func(x *message.Extensions, y message.Extension) { x.Add(y) }
	everything := func(c, s *handshake.Config) {
		c.ALPN, c.Stapling, c.SendCertificateAuthorities = []string{"h2"}, true, true
		c.CertificateCompression = []*certcompress.Method{certcompress.Zlib}
		l := world("ecdsa")
		s.ClientAuth, s.Roots = handshake.RequestClientCert, l.Roots
	}
	for _, place := range []struct {
		kind  message.Kind
		state event.State
		add   func(message.Message, message.Extension)
		list  list
	}{
		{message.KindEncryptedExtensions, event.WaitEncryptedExtensions,
			func(m message.Message, x message.Extension) { add(&m.(*message.EncryptedExtensions).Extensions, x) }, list{
				{"key_share", raw(iana.ExtKeyShare, 0, 29), reason.BadValue},
				{"supported_versions", raw(iana.ExtSupportedVersions, 3, 4), reason.BadValue},
				{"signature_algorithms", raw(iana.ExtSignatureAlgorithms, 0, 2, 4, 3), reason.BadValue},
				{"compress_certificate", raw(iana.ExtCompressCertificate, 2, 0, 1), reason.BadValue},
				{"status_request", raw(iana.ExtStatusRequest), reason.BadValue},
				{"extended_master_secret", raw(iana.ExtExtendedMasterSecret), reason.BadValue},
				{"certificate_authorities", raw(iana.ExtCertificateAuthorities, 0, 0), reason.BadValue},
				{"early_data", raw(iana.ExtEarlyData), reason.UnsolicitedExtension},
				{"cookie", raw(iana.ExtCookie, 0, 1, 1), reason.UnsolicitedExtension},
				{"record_size_limit", raw(iana.ExtRecordSizeLimit, 0, 64), reason.UnsolicitedExtension},
				{"signed_certificate_timestamp", raw(iana.ExtSignedCertTimestamp), reason.UnsolicitedExtension},
				{"0x4444", raw(0x4444), reason.UnsolicitedExtension},
			}},
		{message.KindCertificateRequest, event.WaitCertificateOrRequest,
			func(m message.Message, x message.Extension) { add(&m.(*message.CertificateRequest13).Extensions, x) }, list{
				{"key_share", raw(iana.ExtKeyShare, 0, 29), reason.BadValue},
				{"supported_groups", raw(iana.ExtSupportedGroups, 0, 2, 0, 29), reason.BadValue},
				{"application_layer_protocol_negotiation", raw(iana.ExtALPN, 0, 3, 2, 'h', '2'), reason.BadValue},
				{"early_data", raw(iana.ExtEarlyData), reason.BadValue},
			}},
		{message.KindCertificate, event.WaitCertificate,
			func(m message.Message, x message.Extension) {
				add(&m.(*message.Certificate13).Entries[0].Extensions, x)
			}, list{
				{"application_layer_protocol_negotiation", raw(iana.ExtALPN, 0, 3, 2, 'h', '2'), reason.BadValue},
				{"server_name", raw(iana.ExtServerName), reason.BadValue},
				{"signed_certificate_timestamp", raw(iana.ExtSignedCertTimestamp, 0, 3, 0, 1, 7), reason.UnsolicitedExtension},
				{"0x4444", raw(0x4444), reason.UnsolicitedExtension},
			}},
	} {
		for _, x := range place.list {
			alert := iana.IllegalParameter
			if x.want == reason.UnsolicitedExtension {
				alert = iana.UnsupportedExtension
			}
			attack{name: place.kind.String() + "/" + x.name, setup: everything, kind: place.kind,
				change: func(m message.Message) { place.add(m, x.ext) },
				want:   want{x.want, place.kind.String() + ".extensions." + x.name, anywhere, alert, place.state}}.run(t, server)
		}
	}

	// In CertificateRequest the server asks, and what the client does not know it passes
	// over (RFC 9846 §4.4.2); so with a NewSessionTicket.
	cc, sc := pair13()
	everything(cc, sc)
	cc.Sessions, sc.Tickets = growing{frozen{}}, session.NewTicketKeys(seeded("ticket keys"), 0)
	sc.Edit(func(m message.Message) {
		switch m := m.(type) {
		case *message.CertificateRequest13:
			m.Extensions.Add(raw(0x4444, 1), raw(0x5a5a))
		case *message.NewSessionTicket13:
			m.Extensions.Add(raw(0x4444, 1), raw(0x5a5a))
		}
	})
	connect(t, cc, sc).run(nil).is13()

	// A client's certificate answers a request that asked for no extension.
	attack{name: "a client's certificate", setup: func(c, s *handshake.Config) { wantClientCert(t, c, s) }, kind: message.KindCertificate,
		change: func(m message.Message) {
			add(&m.(*message.Certificate13).Entries[0].Extensions, &message.StapledStatus{Status: iana.StatusOCSP, Response: []byte("fine")})
		},
		want: want{reason.UnsolicitedExtension, "certificate.certificate_list.certificate_entry.extensions", anywhere, iana.UnsupportedExtension, event.WaitCertificate},
	}.run(t, client)
}

// Answers in EncryptedExtensions that are not to the question.
func TestEncryptedExtensions(t *testing.T) {
	const x = "encrypted_extensions.extensions."
	for _, test := range []struct {
		name   string
		setup  func(c, s *handshake.Config)
		change func(*message.Extensions)
		want   reason.Reason
		field  string
	}{
		{"a protocol nobody spoke of", func(c, s *handshake.Config) { c.ALPN = []string{"h2"} },
			func(x *message.Extensions) { x.Add(&message.ALPN{Protocols: []string{"spdy/1"}}) }, reason.NotOffered, x + "application_layer_protocol_negotiation"},
		{"two protocols", func(c, s *handshake.Config) { c.ALPN = []string{"h2", "http/1.1"} },
			func(x *message.Extensions) { x.Add(&message.ALPN{Protocols: []string{"h2", "http/1.1"}}) }, reason.NotOffered, x + "application_layer_protocol_negotiation"},
		{"another fragment length", func(c, s *handshake.Config) { c.MaxFragmentLength = 4 },
			func(x *message.Extensions) {
				without(x, iana.ExtMaxFragmentLength)
				x.Add(&message.MaxFragmentLength{Code: 1})
			}, reason.NotOffered, x + "max_fragment_length"},
		{"both limits", func(c, s *handshake.Config) { c.MaxFragmentLength, c.RecordSizeLimit, s.RecordSizeLimit = 4, 512, 512 },
			func(x *message.Extensions) { x.Add(&message.MaxFragmentLength{Code: 4}) }, reason.BadValue, x + "max_fragment_length"},
		{"a limit that leaves no room", func(c, s *handshake.Config) { c.RecordSizeLimit, s.RecordSizeLimit = 512, 512 },
			func(x *message.Extensions) {
				without(x, iana.ExtRecordSizeLimit)
				x.Add(&message.RecordSizeLimit{Limit: 63})
			}, reason.BadValue, x + "record_size_limit.record_size_limit"},
	} {
		attack{name: test.name, setup: test.setup, kind: message.KindEncryptedExtensions,
			change: func(m message.Message) { test.change(&m.(*message.EncryptedExtensions).Extensions) },
			want:   want{test.want, test.field, anywhere, iana.IllegalParameter, event.WaitEncryptedExtensions}}.run(t, server)
	}
	// GREASE that comes back was not ignored (RFC 8701 §3.1).
	cc, sc := pair13()
	cc.GREASE = true
	var sent iana.ExtensionType
	cc.Edit(func(m message.Message) {
		if h, ok := m.(*message.ClientHello); ok {
			sent = h.Extensions.List[0].Type()
		}
	})
	sc.Edit(func(m message.Message) {
		if m, ok := m.(*message.EncryptedExtensions); ok {
			m.Extensions.Add(&message.Raw{ExtType: sent})
		}
	})
	c := connect(t, cc, sc).run(nil)
	c.refuses(client, want{reason.UnsolicitedExtension, "encrypted_extensions.extensions." + sent.String(), anywhere, iana.UnsupportedExtension, event.WaitEncryptedExtensions})
}
