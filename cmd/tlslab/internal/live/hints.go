package live

import (
	"slices"
	"sync"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/flags"
	"tlslab/handshake/event"
	"tlslab/handshake/foreign"
	"tlslab/handshake/iana"
	"tlslab/handshake/idn"
	"tlslab/handshake/narrate"
	"tlslab/handshake/suite"
	"tlslab/handshake/switches"
)

// What a person can do about an alert that came depends on the alert, on which end sent it,
// and on what had been said before. The tables below hold a hint for each case; the words
// are narrate's, and name no flag that the verb does not have. If nothing can be done, or
// if this end never gives cause for the alert, there is no hint, and the table says that
// too.

// hint is a row: the first whose condition holds is said.
type hint struct {
	when func(*plight) bool // nil: always
	key  string             // narrate's; "": nothing
}

// silent is for an alert to which there is nothing to say.
var silent = []hint{{nil, ""}}

// clientHints are for a server's alerts.
var clientHints = sync.OnceValue(func() map[iana.AlertDescription][]hint {
	return map[iana.AlertDescription][]hint{
		iana.CloseNotify:                  {{nil, "closed"}},
		iana.UnexpectedMessage:            {{nil, "out_of_turn"}},
		iana.BadRecordMAC:                 {{nil, "other_keys"}},
		iana.DecryptionFailed:             {{nil, "other_keys"}},
		iana.RecordOverflow:               {{pads, "padding"}, {nil, "long_record"}},
		iana.DecompressionFailure:         {{compresses, "compress"}, {nil, ""}},
		iana.HandshakeFailure:             {{atHello(offersKey), "psk_refused"}, {atHello(narrowed), "offer_narrowed"}, {atHello(nil), "offer"}, {showed, "own_certificate"}, {over, "late"}, {nil, "after_hello"}},
		iana.NoCertificate:                silent, // SSL 3.0's
		iana.BadCertificate:               {{showed, "own_certificate_bad"}, {nil, "none_shown"}},
		iana.UnsupportedCertificate:       {{showed, "own_certificate_kind"}, {nil, "none_shown"}},
		iana.CertificateRevoked:           {{showed, "own_certificate_revoked"}, {nil, "none_shown"}},
		iana.CertificateExpired:           {{showed, "own_certificate_expired"}, {nil, "none_shown"}},
		iana.CertificateUnknown:           {{showed, "own_certificate_bad"}, {nil, "none_shown"}},
		iana.IllegalParameter:             {{atHello(offersKey), "psk_key"}, {atHello(resumes), "session_key"}, {unusual, "unusual"}, {atHello(nil), "hello_unread"}, {nil, "faulty"}}, // the first two: OpenSSL of a wrong binder
		iana.UnknownCA:                    {{showed, "own_certificate_ca"}, {nil, "none_shown"}},
		iana.AccessDenied:                 {{showed, "own_certificate_denied"}, {nil, "denied"}},
		iana.DecodeError:                  {{unusual, "unusual"}, {atHello(nil), "hello_unread"}, {nil, "faulty"}},
		iana.DecryptError:                 {{atHello(offersKey), "psk_key"}, {atHello(resumes), "session_key"}, {showed, "own_signature"}, {nil, "altered"}},
		iana.ProtocolVersion:              {{atHello(versionsNarrowed), "versions_narrowed"}, {atHello(nil), "versions"}, {nil, "faulty"}},
		iana.InsufficientSecurity:         {{showed, "own_certificate_weak"}, {narrowed, "offer_narrowed"}, {nil, "offer_weak"}},
		iana.InternalError:                {{atHello(unnamed), "internal_unnamed"}, {atHello(nil), "internal_named"}, {nil, "internal"}},
		iana.InappropriateFallback:        {{nil, "fallback"}},
		iana.UserCanceled:                 {{nil, "canceled"}},
		iana.NoRenegotiation:              silent, // we never ask for one
		iana.MissingExtension:             {{unusual, "unusual"}, {narrowed, "extension_narrowed"}, {nil, "faulty"}},
		iana.UnsupportedExtension:         {{nil, "faulty"}},
		iana.CertificateUnobtainable:      silent, // for client_certificate_url, which is not built
		iana.UnrecognizedName:             {{unnamed, "name_wanted"}, {nil, "name_unknown"}},
		iana.BadCertificateStatusResponse: silent, // we staple nothing
		iana.UnknownPSKIdentity:           {{offersKey, "psk_identity"}, {resumes, "session_key"}, {nil, ""}},
		iana.CertificateRequired:          {{nil, "certificate_wanted"}},
		iana.TooManyCIDsRequested:         silent, // DTLS's
		iana.ExportRestriction:            silent, // TLS 1.0's
		iana.BadCertificateHashValue:      silent, // for client_certificate_url, which is not built
		iana.GeneralError:                 silent, // it says nothing, on purpose
		iana.ECHRequired:                  silent, // we offer no ECH
		iana.NoApplicationProtocol:        {{offersProtocols, "protocols"}, {nil, "protocol_wanted"}},
	}
})

// serverHints are for a client's alerts.
var serverHints = sync.OnceValue(func() map[iana.AlertDescription][]hint {
	return map[iana.AlertDescription][]hint{
		iana.CloseNotify:                  {{nil, "client_closed"}},
		iana.UnexpectedMessage:            {{nil, "out_of_turn"}},
		iana.BadRecordMAC:                 {{nil, "other_keys"}},
		iana.DecryptionFailed:             {{nil, "other_keys"}},
		iana.RecordOverflow:               {{pads, "padding"}, {nil, "long_record"}},
		iana.DecompressionFailure:         {{compresses, "compress"}, {nil, ""}},
		iana.HandshakeFailure:             {{narrowed, "choice_narrowed"}, {nil, "choice"}},
		iana.NoCertificate:                silent, // SSL 3.0's
		iana.BadCertificate:               {{ownChain, "chain_bad"}, {rootNamed, "root_bad_in_file"}, {nil, "root_bad"}},
		iana.UnsupportedCertificate:       {{ownChain, "chain_kind"}, {nil, "choice"}},
		iana.CertificateRevoked:           {{staples("revoked"), "staple_revoked"}, {ownChain, "chain_revoked"}, {nil, ""}},
		iana.CertificateExpired:           {{ownChain, "chain_expired"}, {nil, "clock"}},
		iana.CertificateUnknown:           {{ownChain, "chain_bad"}, {rootNamed, "root_bad_in_file"}, {nil, "root_bad"}},
		iana.IllegalParameter:             {{unusual, "unusual"}, {nil, "faulty"}},
		iana.UnknownCA:                    {{ownChain, "chain_ca"}, {rootNamed, "root_unknown_in_file"}, {nil, "root_unknown"}},
		iana.AccessDenied:                 {{nil, "client_denies"}},
		iana.DecodeError:                  {{unusual, "unusual"}, {nil, "faulty"}},
		iana.DecryptError:                 {{offersKey, "psk_key"}, {ownChain, "chain_key"}, {nil, "altered"}},
		iana.ProtocolVersion:              {{narrowed, "choice_narrowed"}, {nil, "client_versions"}},
		iana.InsufficientSecurity:         {{ownChain, "chain_weak"}, {narrowed, "choice_narrowed"}, {nil, "choice"}},
		iana.InternalError:                {{nil, "internal"}},
		iana.InappropriateFallback:        silent, // a server's word, as the next four are
		iana.UserCanceled:                 {{nil, "canceled"}},
		iana.NoRenegotiation:              silent,
		iana.MissingExtension:             {{nil, "faulty"}},
		iana.UnsupportedExtension:         {{nil, "faulty"}},
		iana.CertificateUnobtainable:      silent,
		iana.UnrecognizedName:             silent,
		iana.BadCertificateStatusResponse: {{staples("none"), ""}, {staples("good"), ""}, {nil, "staple_bad"}},
		iana.UnknownPSKIdentity:           silent,
		iana.CertificateRequired:          silent,
		iana.TooManyCIDsRequested:         silent, // DTLS's
		iana.ExportRestriction:            silent, // TLS 1.0's
		iana.BadCertificateHashValue:      silent, // for client_certificate_url, which is not built
		iana.GeneralError:                 silent, // it says nothing, on purpose
		iana.ECHRequired:                  silent, // we offer no ECH
		iana.NoApplicationProtocol:        {{offersProtocols, "protocol_chosen"}, {nil, ""}},
	}
})

// hints is the table of the end that is told, which is ours.
func hints(of event.Role) map[iana.AlertDescription][]hint {
	if of == event.Client {
		return clientHints()
	}
	return serverHints()
}

// The conditions.

// atHello holds if nothing from the server had come yet, and if the condition also holds.
func atHello(also func(*plight) bool) func(*plight) bool {
	return func(p *plight) bool {
		return p.summary.FailedIn == event.WaitServerHello && !p.summary.Retried && (also == nil || also(p))
	}
}

func over(p *plight) bool { return p.summary.FailedIn == event.Connected }

func pads(p *plight) bool             { return p.flags.Padding > 0 }
func compresses(p *plight) bool       { return p.flags.Compress }
func offersKey(p *plight) bool        { return p.flags.PreShared.Key != "" }
func offersProtocols(p *plight) bool  { return len(p.flags.alpn) > 0 }
func resumes(p *plight) bool          { return p.session }
func unnamed(p *plight) bool          { return p.summary.ServerName == "" }
func narrowed(p *plight) bool         { return len(p.narrowing()) > 0 }
func versionsNarrowed(p *plight) bool { return len(p.leavingVersions()) > 0 }
func unusual(p *plight) bool          { return len(p.unusual()) > 0 }

// showed holds where a client showed a certificate; ownChain where a server has one of the user's.
func showed(p *plight) bool   { return p.summary.CertificateShown }
func ownChain(p *plight) bool { return p.flags.Cert != "" }

// rootNamed holds where our root is in a file: --write-root has written it, or it is in the directory of --cadir.
func rootNamed(p *plight) bool { return p.root != "" }

func staples(kind string) func(*plight) bool {
	return func(p *plight) bool { return p.staple == kind }
}

// narrowing are the flags given that leave a part of what could be agreed on.
func (p *plight) narrowing() []string {
	return flags.AllSet(flags.Given("--tls", p.flags.TLS != ""), flags.Given("--kx", p.flags.Kx != ""), flags.Given("--cipher", p.flags.Ciphers != nil), flags.Given("--group", p.flags.Groups != nil))
}

// leavingVersions are those of them that leave only one version: a key exchange of TLS 1.2, or suites of which none is
// another version's.
func (p *plight) leavingVersions() []string {
	suites, err := switches.Suites(p.flags.Ciphers)
	one := err == nil && len(suites) > 0 && !slices.ContainsFunc(suites, func(s *suite.Suite) bool { return s.Version != suites[0].Version })
	return flags.AllSet(flags.Given("--tls", p.flags.TLS != ""), flags.Given("--kx", p.flags.Kx != ""), flags.Given("--cipher", one))
}

// unusual are the flags given that make this end say what a peer may never have met.
func (p *plight) unusual() []string {
	f := p.flags
	return append(flags.AllSet(flags.Given("--grease", f.Grease), flags.Given("--no-compat", f.NoCompat), flags.Given("--padding", pads(p)), flags.Given("--record-size-limit", f.RecordSize != 0),
		flags.Given("--compress-cert", f.CompressCert != nil), flags.Given("--compress", f.Compress), flags.Given("--no-ems", f.NoEMS), flags.Given("--cookie", f.Cookie)), p.more...)
}

// hint is what to do about an alert; "" if nothing is.
func (p *plight) hint(d iana.AlertDescription) string {
	for _, h := range hints(p.role)[d] { // a number that the registry has not given out has no rows
		if h.when == nil || h.when(p) {
			return p.words(h.key)
		}
	}
	return ""
}

// words is a hint in the reader's language; "" of "".
func (p *plight) words(key string) string {
	if key == "" {
		return ""
	}
	flags := p.narrowing()
	switch key {
	case "unusual":
		flags = p.unusual()
	case "versions_narrowed":
		flags = p.leavingVersions()
	}
	return narrate.Fill(narrate.Must(p.lang, narrate.Hint, key).Title, map[string]string{
		"name":     idn.BothForms(foreign.Quote(p.summary.ServerName)),
		"alpn":     foreign.Line(cli.Enumerated(p.lang, p.flags.alpn)),
		"flags":    cli.Enumerated(p.lang, flags),
		"root":     foreign.Line(p.root),
		"identity": foreign.Line(p.flags.IdentityName()),
	})
}

// hintKeys lists the keys that the tables hold for an end.
func hintKeys(role event.Role) (keys []string) {
	for _, rows := range hints(role) {
		for _, h := range rows {
			if h.key != "" && !slices.Contains(keys, h.key) {
				keys = append(keys, h.key)
			}
		}
	}
	return append(keys, cutKeys[role]...)
}
