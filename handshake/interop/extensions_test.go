package interop_test

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/certcompress"
	"tlslab/handshake/certcompress/brotli"
	"tlslab/handshake/certcompress/zstd"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/suite"
	"tlslab/handshake/tls"
)

// What the hellos agree on besides suites and keys.

// TestStaple has either server staple an OCSP response to each kind of certificate. That the
// peer's client got it is seen by visit.
func TestStaple(t *testing.T) {
	bothVersions(t, "staple", func(t *testing.T, m meeting) {
		for _, kind := range m.kindsOr("rsa") { // of OpenSSL's client see TestExporter
			t.Run(kind, func(t *testing.T) {
				t.Parallel()
				got := m.meet(t, nil, deal{server: []string{kind}, staple: true})
				if want := tlstest.Servers()[kind].Staple; m.role == event.Client && !bytes.Equal(got.Staple, want) {
					t.Errorf("a staple of %d bytes, of %d sent", len(got.Staple), len(want))
				}
			})
		}
	})
}

// TestNoStaple has our server keep it back: gnutls-cli says that it got none.
func TestNoStaple(t *testing.T) {
	meeting{gnutls, iana.TLS13, event.Server}.meet(t, nil, deal{ours: func(cfg *tls.Config) { cfg.Certificates[0].Staple = nil }})
}

func TestALPN(t *testing.T) {
	bothVersions(t, "ALPN", func(t *testing.T, m meeting) {
		for _, k := range []struct {
			name           string
			client, server []string
			want           string
		}{
			{"one of the server's", []string{"http/1.1"}, []string{"lab/2", "http/1.1"}, "http/1.1"},
			{"one of the client's", []string{"http/1.1", "lab/2"}, []string{"lab/2"}, "lab/2"},
			{"the first of both", []string{"lab/2", "http/1.1"}, []string{"lab/2", "http/1.1"}, "lab/2"},
		} {
			t.Run(k.name, func(t *testing.T) {
				got := m.meet(t, nil, deal{server: []string{"rsa"}, clientProtocols: k.client, serverProtocols: k.server})
				if got.Protocol != k.want || got.ServerName != tlstest.Name {
					t.Errorf("protocol %q, name %q", got.Protocol, got.ServerName)
				}
			})
		}
		if m.role == event.Server { // a peer's server may go on without a protocol (RFC 7301 §3.2)
			t.Run("nothing in common", func(t *testing.T) {
				err := m.refuse(t, nil, deal{server: []string{"rsa"}, clientProtocols: []string{"lab/2"}, serverProtocols: []string{"other"}}, iana.NoApplicationProtocol)
				if reason.Of(err) != reason.NoCommonProtocol {
					t.Errorf("server: %v", err)
				}
			})
		}
	})
}

func TestMaxFragmentLength(t *testing.T) {
	bothVersions(t, "max_fragment_length", func(t *testing.T, m meeting) {
		h := m.host(t, deal{server: []string{"rsa"}})
		for code := iana.MaxFragmentLength(1); code <= 4; code++ {
			t.Run(code.String(), func(t *testing.T) {
				d := deal{server: []string{"rsa"}}
				if m.role == event.Client {
					d.ours = func(cfg *tls.Config) { cfg.MaxFragmentLength = code }
				} else {
					d.words = []string{"-maxfraglen", fmt.Sprint(code.Bytes())}
				}
				if got := m.meet(t, h, d); got.MaxFragmentLength != code || got.w.Saw(message.KindCertificate) != 1 {
					t.Errorf("settled %v, messages %v", got.MaxFragmentLength, got.w.Kinds)
				}
			})
		}
	})
}

// TestRecordSizeLimit has each end want short records, and lines that are longer.
func TestRecordSizeLimit(t *testing.T) {
	bothVersions(t, "record_size_limit", func(t *testing.T, m meeting) {
		want := 700
		if m.version == iana.TLS13 {
			want++ // the type counts (RFC 8449 §4)
		}
		d := deal{server: []string{"ecdsa"}, words: []string{"--recordsize", "700"}, ours: func(cfg *tls.Config) { cfg.RecordSizeLimit = 600 }}
		if m.role == event.Client {
			if got := m.meet(t, nil, d); got.RecordSizeLimit != want {
				t.Errorf("it takes %d bytes", got.RecordSizeLimit)
			}
			return
		}
		cfg, w := tlstest.Witnessed(t, m.config(d))
		long := strings.Repeat("0123456789", 300)
		port, wait := accept(t, cfg, func(c *tls.Conn) error {
			if err := tlstest.Reply(c); err != nil {
				return err
			}
			if _, err := io.WriteString(c, long+"\n"); err != nil {
				return err
			}
			if err := answerFirst(c); err != nil {
				return err
			}
			met(m.name, m.role, cfg, c.Summary(), w)
			if got := c.Summary().RecordSizeLimit; got != want {
				return fmt.Errorf("it takes %d bytes", got)
			}
			return nil
		})
		p := m.client(t, port, m, d)
		p.say("hello") // it can send no line longer than our limit
		p.waitFor(long + "\n")
		p.say("bye")
		p.waitFor("you said 4 bytes")
		p.stdin.Close()
		if err := wait(p); err != nil {
			t.Error(err)
		}
	})
}

func TestNoExtendedMasterSecret(t *testing.T) {
	meetings(t, "no extended master secret", iana.TLS12, func(t *testing.T, m meeting) {
		h := m.host(t, deal{server: []string{"rsa"}})
		for _, id := range []iana.CipherSuite{0xc02f, 0x009d} {
			got := m.meet(t, h, deal{server: []string{"rsa"}, suite: suite.ByID(id), ours: func(cfg *tls.Config) { cfg.Weak.NoExtendedMasterSecret = true }})
			if got.ExtendedMasterSecret {
				t.Errorf("%v: extended master secret all the same", id)
			}
		}
	})
}

// TestExtras13: what either end can do that no peer needs to know of to bear it.
func TestExtras13(t *testing.T) {
	meetings(t, "extras", iana.TLS13, func(t *testing.T, m meeting) {
		for _, q := range slices.Concat([]quirk{{"as it is", nil}}, m.quirks) {
			server := []string{"rsa"}
			if m.peer == stdlib {
				server = []string{"ecdsa"}
			}
			h := m.host(t, deal{server: server, words: q.words})
			for i, x := range tlstest.Extras {
				t.Run(q.name+"; "+x.Name, func(t *testing.T) {
					m.parallel(t)
					m.meet(t, h, deal{server: server, words: q.words, bytes: 40_000,
						ours: func(cfg *tls.Config) { *cfg = *tlstest.WithExtra(cfg, i) }})
				})
			}
		}
	})
}

// TestCompression13 compresses each end's Certificate, the client's included, with each
// algorithm (RFC 8879).
func TestCompression13(t *testing.T) {
	meetings(t, "compression", iana.TLS13, func(t *testing.T, m meeting) {
		got := meeting{m.peer, m.version, event.Server}.meet(t, nil, deal{server: []string{"rsa"}, words: []string{"--compress-cert", "zlib"}})
		<-got.prog.over.Done()
		if strings.Contains(got.prog.said.String(), "Unknown compression method") {
			t.Skip("this GnuTLS is built without certificate compression, as Debian's is")
		}
		for _, a := range []*certcompress.Method{certcompress.Zlib, brotli.Method, zstd.Method} {
			t.Run(a.String(), func(t *testing.T) {
				got := m.meet(t, nil, deal{server: []string{"rsa"}, client: "rsa", auth: handshake.RequireClientCert,
					words: []string{"--compress-cert", a.String()},
					ours:  func(cfg *tls.Config) { cfg.CertificateCompression = []*certcompress.Method{a} }})
				if got.w.Saw(message.KindCompressedCertificate) != 2 {
					t.Errorf("messages %v", got.w.Kinds)
				}
			})
		}
	})
}
