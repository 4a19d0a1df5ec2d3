package message_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/message"
)

// captured is a file of testdata: handshake messages that software we did not
// write sent. Of TLS 1.2 they are those in clear, up to the first
// ChangeCipherSpec; of TLS 1.3 all of them, decrypted. "#" lines say who with whom, ">" and "<" begin a message from the client or the server, in hex.
type captured struct {
	name     string
	messages []capturedMessage
}

type capturedMessage struct {
	fromServer bool
	raw        []byte
}

func captures(t testing.TB) []captured {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no captures: %v", err)
	}
	var all []captured
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c := captured{name: strings.TrimSuffix(filepath.Base(file), ".txt")}
		for line := range strings.Lines(string(text)) {
			if line[0] == '#' {
				continue
			}
			if line[0] != ' ' {
				c.messages = append(c.messages, capturedMessage{fromServer: line[0] == '<'})
			}
			b, err := hex.DecodeString(strings.TrimSpace(line[1:]))
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			last := &c.messages[len(c.messages)-1]
			last.raw = append(last.raw, b...)
		}
		all = append(all, c)
	}
	for name, section := range map[string]string{"rfc8448-1rtt": "simple", "rfc8448-resumed": "resumed", "rfc8448-hello-retry": "retry",
		"rfc8448-client-auth": "client_auth", "rfc8448-compatibility": "compatibility"} {
		all = append(all, captured{name, traced(t, section)})
	}
	return all
}

// traced are the messages of a section of RFC 8448: the payloads of its handshake records,
// taken apart. The engine's tests hold every value of these files.
func traced(t testing.TB, section string) (list []capturedMessage) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", "rfc8448", section+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	for step := range strings.SplitSeq(string(text), "\n\n") {
		party, rest, _ := strings.Cut(step, ": send handshake record\n  payload =")
		payload, _, _ := strings.Cut(rest, "complete record")
		b, err := hex.DecodeString(strings.Join(strings.Fields(payload), ""))
		if err != nil {
			t.Fatalf("%s: %v", section, err)
		}
		for len(b) > 0 {
			n := 4 + (int(b[1])<<16 | int(b[2])<<8 | int(b[3]))
			list = append(list, capturedMessage{fromServer: party == "server", raw: b[:n:n]})
			b = b[n:]
		}
	}
	return list
}

// contextAfter is what a reader knows once m has been seen.
func contextAfter(ctx message.Context, m message.Message) message.Context {
	s, ok := m.(*message.ServerHello)
	if !ok {
		return ctx
	}
	ctx.Version = s.Version
	if x, ok := message.Get[*message.SelectedVersion](&s.Extensions); ok {
		ctx.Version = x.Version
	}
	switch name := s.CipherSuite.String(); {
	case strings.HasPrefix(name, "TLS_RSA_"):
		ctx.Kx = iana.KxRSA
	case strings.HasPrefix(name, "TLS_DHE_"):
		ctx.Kx = iana.KxDHE
	case strings.HasPrefix(name, "TLS_ECDHE_"):
		ctx.Kx = iana.KxECDHE
	}
	return ctx
}

// read parses a whole capture, each message held to what holds says.
func (c captured) read(t *testing.T) []message.Message {
	t.Helper()
	var list []message.Message
	var ctx message.Context
	for _, raw := range c.messages {
		ctx.FromServer = raw.fromServer
		m, err := holds(t, ctx, raw.raw)
		if err != nil {
			t.Fatalf("%s: message %d: %v", c.name, len(list), err)
		}
		list, ctx = append(list, m), contextAfter(ctx, m)
	}
	return list
}

func TestForeignMessages(t *testing.T) {
	kinds := map[message.Kind]bool{}
	for _, c := range captures(t) {
		for _, m := range c.read(t) {
			kinds[m.Kind()] = true
		}
	}
	for _, k := range message.Kinds() {
		switch k {
		case message.KindHelloRequest, message.KindChangeCipherSpec, message.KindMessageHash:
			// the first is obsolete, the second no handshake message, the third never sent
		case message.KindCompressedCertificate:
			// neither OpenSSL 3.0 nor Debian's GnuTLS 3.7 can, and RFC 8448 is older
		default:
			if !kinds[k] {
				t.Errorf("no capture holds a %s", k)
			}
		}
	}
}

// What the commands in the captures asked for is what we read in them.
func TestForeignClientHellos(t *testing.T) {
	hellos := map[string]*message.ClientHello{}
	raws := map[string][]byte{}
	for _, c := range captures(t) {
		hellos[c.name] = c.read(t)[0].(*message.ClientHello)
		raws[c.name] = c.messages[0].raw
	}
	get := func(name string) *message.ClientHello {
		if hellos[name] == nil {
			t.Fatalf("no capture called %s", name)
		}
		return hellos[name]
	}

	const all = "TLS 1.3 TLS 1.2 TLS 1.1 TLS 1.0"
	for name, want := range map[string]string{
		"openssl": all, "openssl-psk": all, "gnutls": all, "curl": all,
		"openssl-tls12": "", "gnutls-tls12": "", "chromium": "GREASE TLS 1.3 TLS 1.2",
	} {
		if x, ok := message.Get[*message.ServerName](&get(name).Extensions); !ok || x.Name != "www.lab.test" {
			t.Errorf("%s: the server's name is %+v", name, x)
		}
		var versions []string
		if x, ok := message.Get[*message.SupportedVersions](&get(name).Extensions); ok {
			for _, v := range x.Versions {
				versions = append(versions, strings.Split(v.String(), "_")[0]) // GREASE without its number
			}
		}
		if got := strings.Join(versions, " "); got != want {
			t.Errorf("%s: the versions are %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"openssl", "curl", "chromium"} {
		if x, ok := message.Get[*message.ALPN](&get(name).Extensions); !ok || strings.Join(x.Protocols, " ") != "h2 http/1.1" {
			t.Errorf("%s: the protocols are %+v", name, x)
		}
	}
	if x, ok := message.Get[*message.StatusRequest](&get("openssl").Extensions); !ok || x.StatusType != iana.StatusOCSP {
		t.Errorf("openssl -status asks %+v", x)
	}
	if x, ok := message.Get[*message.Padding](&get("curl").Extensions); !ok || len(x.Data) == 0 || len(raws["curl"]) != 512 {
		t.Errorf("curl pads to %d bytes by %+v", len(raws["curl"]), x)
	}

	chromium := get("chromium")
	if !iana.IsGREASE(uint16(chromium.CipherSuites[0])) || !iana.IsGREASE(uint16(chromium.Extensions.List[0].Type())) {
		t.Error("chromium begins its lists with no GREASE")
	}
	shares, _ := message.Get[*message.KeyShareClient](&chromium.Extensions)
	if len(shares.Shares) != 3 || shares.Shares[1].Group != iana.X25519MLKEM768 || len(shares.Shares[1].Share) != 1184+32 {
		t.Errorf("chromium's shares are %d", len(shares.Shares))
	}
	if _, raw := chromium.Extensions.Find(iana.ExtEncryptedClientHello).(*message.Raw); !raw {
		t.Error("chromium's encrypted_client_hello is not kept raw")
	}

	psk, ok := message.Get[*message.PreSharedKeyClient](&get("openssl-psk").Extensions)
	if !ok || len(psk.Identities) != 1 || len(psk.Binders) != 1 || len(psk.Binders[0]) != 48 {
		t.Fatalf("the offered keys are %+v", psk)
	}
	if tail := raws["openssl-psk"][psk.BindersOffset():]; len(tail) != 2+1+48 || !bytes.HasSuffix(tail, psk.Binders[0]) {
		t.Errorf("after the binders' offset come %d bytes, want 51", len(tail))
	}
	if _, ok := message.Get[*message.EarlyData](&get("openssl-psk").Extensions); !ok {
		t.Error("openssl -early_data announces none")
	}
}
