package interop_test

import (
	"crypto"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/suite"
	"tlslab/handshake/tls"
)

// Keys that both ends were given (external PSKs), in TLS 1.3.

const pskHex = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

// external is that key, under a name and with a hash; 0 is SHA-256.
func external(t testing.TB, identity string, h crypto.Hash) []handshake.PSK {
	t.Helper()
	key, err := hex.DecodeString(pskHex)
	if err != nil {
		t.Fatal(err)
	}
	return []handshake.PSK{{Identity: []byte(identity), Key: key, Hash: h}}
}

// opensslKey is s_server's and s_client's arguments for a key under a name.
func opensslKey(hex, identity string) []string {
	return []string{"-psk", hex, "-psk_identity", identity}
}

// TestExternalPSK13 settles a key: OpenSSL's with each suite of its hash, for its command line
// goes with SHA-256 alone; GnuTLS's with and without a key exchange.
func TestExternalPSK13(t *testing.T) {
	file := filepath.Join(t.TempDir(), "psk")
	mustWrite(file, fmt.Appendf(nil, "lab:%s\n", pskHex))
	unknown := []handshake.PSK{{Identity: []byte("unknown"), Key: []byte("1234567890123456")}}
	type way struct {
		name           string
		server, client []string // words
		suite          *suite.Suite
		modes          []iana.PSKKeyExchangeMode
		keys           []handshake.PSK // our client's
	}
	ways := map[*peer][]way{}
	for _, id := range []iana.CipherSuite{0x1301, 0x1303} {
		key := opensslKey(pskHex, "lab")
		ways[openssl] = append(ways[openssl], way{id.String(), append([]string{"-nocert"}, key...), key, suite.ByID(id), nil, append(unknown, external(t, "lab", 0)...)})
	}
	for words, modes := range map[string][]iana.PSKKeyExchangeMode{":+DHE-PSK": nil, ":+PSK": {iana.PSKOnly}} {
		priority := ":-DHE-PSK:-PSK" + words
		ways[gnutls] = append(ways[gnutls], way{words[1:], []string{priority, "--pskpasswd", file},
			[]string{priority, "--pskusername", "lab", "--pskkey", pskHex}, nil, modes, external(t, "lab", crypto.SHA256)})
	}
	meetings(t, "external PSK", iana.TLS13, func(t *testing.T, m meeting) {
		for _, k := range ways[m.peer] {
			t.Run(k.name, func(t *testing.T) {
				d := deal{server: []string{"ecdsa"}, suite: k.suite, words: k.server, ours: func(cfg *tls.Config) {
					m.only(cfg)
					cfg.PSKs, cfg.PSKModes = k.keys, k.modes
				}}
				if m.role == event.Server {
					d.words, k.keys = k.client, external(t, "lab", 0)
				}
				got := m.meet(t, nil, d)
				if !got.PSK || got.Resumed || (got.Group == 0) != (k.modes != nil) || len(got.PeerChain) != 0 ||
					k.suite != nil && got.Suite != k.suite || got.w.Saw(message.KindCertificate) != 0 {
					t.Errorf("%+v", got.Summary)
				}
			})
		}
	})
}

// TestUnwantedPSK13: that a client offers a key must not disturb a server that takes none, or
// that knows none of the name.
func TestUnwantedPSK13(t *testing.T) {
	for p, words := range map[*peer][]string{
		openssl: {"-psk", pskHex[:32]},
		gnutls:  {":+DHE-PSK:+PSK", "--pskusername", "student", "--pskkey", pskHex[:32]},
	} {
		t.Run(p.name, func(t *testing.T) {
			got := meeting{p, iana.TLS13, event.Server}.meet(t, nil, deal{server: []string{"ecdsa"}, words: words})
			if got.PSK || got.w.Hellos[0].Extensions.Find(iana.ExtPreSharedKey) == nil {
				t.Error("no pre_shared_key was offered, or it was taken")
			}
		})
	}
	t.Run("of another name", func(t *testing.T) {
		m := meeting{openssl, iana.TLS13, event.Server}
		got := m.meet(t, nil, deal{words: opensslKey(pskHex, "another"), ours: func(cfg *tls.Config) { m.only(cfg); cfg.PSKs = external(t, "lab", 0) }})
		if got.PSK {
			t.Errorf("%+v", got.Summary)
		}
	})
}

// TestOtherPSK13: another key under the same name, and one that goes with another hash: to
// OpenSSL's command line every key is of SHA-256.
func TestOtherPSK13(t *testing.T) {
	const other = "ff" + "112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	ask, serve := meeting{openssl, iana.TLS13, event.Client}, meeting{openssl, iana.TLS13, event.Server}
	d := deal{server: []string{"ecdsa"}, words: opensslKey(other, "lab"), ours: func(cfg *tls.Config) { ask.only(cfg); cfg.PSKs = external(t, "lab", 0) }}
	t.Run("our server", func(t *testing.T) {
		if err := serve.refuse(t, nil, d, noAlert); reason.Of(err) != reason.BadBinder {
			t.Errorf("server: %v", err)
		}
	})
	t.Run("our client", func(t *testing.T) {
		d := d
		d.words = append([]string{"-nocert"}, d.words...)
		if err := ask.handshakeError(t, d); tlstest.PeerAlert(err) == 0 {
			t.Errorf("client: %v", err)
		}
	})
	t.Run("with SHA-384", func(t *testing.T) {
		d := d
		d.words = opensslKey(pskHex, "lab")
		d.ours = func(cfg *tls.Config) { ask.only(cfg); cfg.PSKs = external(t, "lab", crypto.SHA384) }
		if err := ask.handshakeError(t, d); tlstest.PeerAlert(err) != iana.DecodeError {
			t.Errorf("client: %v", err)
		}
	})
}

// handshakeError is what a handshake of our client's ends with, before any Read.
func (m meeting) handshakeError(t testing.TB, d deal) error {
	t.Helper()
	_, err := dial(t, m.host(t, d).(opensslServer).addr, m.config(d))
	return err
}
