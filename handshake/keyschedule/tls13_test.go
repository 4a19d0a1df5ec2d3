package keyschedule

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// vectors are the named values of a file in testdata. The test that reads them
// must use them all.
type vectors struct {
	t      *testing.T
	values map[string][]byte
	unused map[string]bool
}

func readVectors(t *testing.T, name string) *vectors {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	v := &vectors{t, map[string][]byte{}, map[string]bool{}}
	var current string
	for line := range strings.Lines(string(file)) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == ' ':
			v.values[current] = append(v.values[current], unhex(t, line)...)
		default:
			current = strings.TrimSuffix(line, ":")
			v.unused[current] = true
		}
	}
	return v
}

func (v *vectors) get(name string) []byte {
	v.t.Helper()
	b, ok := v.values[name]
	if !ok {
		v.t.Fatalf("no value named %s", name)
	}
	delete(v.unused, name)
	return b
}

func (v *vectors) check(name string, got []byte) {
	v.t.Helper()
	if want := v.get(name); !bytes.Equal(got, want) {
		v.t.Errorf("%s: got %x, want %x", name, got, want)
	}
}

// step checks a value, and the HkdfLabel that leads to it.
func (v *vectors) step(name string, got []byte, label string, context []byte) {
	v.t.Helper()
	v.check(name, got)
	v.check(name+".info", AppendHkdfLabel(nil, label, context, len(got)))
}

// transcript hashes the named messages.
func (v *vectors) transcript(messages ...string) []byte {
	v.t.Helper()
	h := sha256.New()
	for _, m := range messages {
		h.Write(v.get(m))
	}
	return h.Sum(nil)
}

func (v *vectors) keys(side string, s *TrafficSecret) {
	v.t.Helper()
	key, iv := make([]byte, 16), make([]byte, 12)
	s.Key(key)
	s.IV(iv)
	v.step(side+"_key", key, "key", nil)
	v.step(side+"_iv", iv, "iv", nil)
}

// Every secret of RFC 8448 §3, from the messages and the shared secret.
func TestRFC8448(t *testing.T) {
	v := readVectors(t, "rfc8448.txt")
	noMessages := v.transcript()

	early := NewEarlySecret(crypto.SHA256, nil)
	v.check("early_secret", early.Bytes())
	derived := early.Derived()
	v.step("early_derived", derived.Bytes(), "derived", noMessages)

	handshake := early.Handshake(v.get("shared_secret"))
	v.check("handshake_secret", handshake.Bytes())
	hellos := v.transcript("client_hello", "server_hello")
	v.check("transcript_hash.server_hello", hellos)
	client, server := handshake.ClientTraffic(hellos), handshake.ServerTraffic(hellos)
	v.step("client_handshake_traffic_secret", client.Bytes(), "c hs traffic", hellos)
	v.step("server_handshake_traffic_secret", server.Bytes(), "s hs traffic", hellos)
	v.keys("client_handshake", &client)
	v.keys("server_handshake", &server)

	flight := []string{"client_hello", "server_hello", "encrypted_extensions", "certificate", "certificate_verify"}
	key, verifyData := server.FinishedKey(), server.VerifyData(v.transcript(flight...))
	v.step("server_finished_key", key.Bytes(), "finished", nil)
	v.check("server_verify_data", verifyData.Bytes())
	flight = append(flight, "server_finished")
	serverFinished := v.transcript(flight...)
	v.check("transcript_hash.server_finished", serverFinished)
	key, verifyData = client.FinishedKey(), client.VerifyData(serverFinished)
	v.step("client_finished_key", key.Bytes(), "finished", nil)
	v.check("client_verify_data", verifyData.Bytes())

	derived = handshake.Derived()
	v.step("handshake_derived", derived.Bytes(), "derived", noMessages)
	main := handshake.Main()
	v.check("main_secret", main.Bytes())
	client, server = main.ClientTraffic(serverFinished), main.ServerTraffic(serverFinished)
	v.step("client_application_traffic_secret_0", client.Bytes(), "c ap traffic", serverFinished)
	v.step("server_application_traffic_secret_0", server.Bytes(), "s ap traffic", serverFinished)
	v.keys("client_application", &client)
	v.keys("server_application", &server)
	exporter := main.Exporter(serverFinished)
	v.step("exporter_secret", exporter.Bytes(), "exp master", serverFinished)

	clientFinished := v.transcript(append(flight, "client_finished")...)
	v.check("transcript_hash.client_finished", clientFinished)
	resumption := main.Resumption(clientFinished)
	v.step("resumption_secret", resumption.Bytes(), "res master", clientFinished)
	nonce := v.get("ticket_nonce")
	psk := resumption.PSK(nonce)
	v.step("resumption_psk", psk.Bytes(), "resumption", nonce)

	// §4 resumes with that PSK.
	early = NewEarlySecret(crypto.SHA256, psk.Bytes())
	v.check("resumed.early_secret", early.Bytes())
	binderKey := early.BinderKey(false)
	v.check("resumed.binder_key", binderKey.Bytes())
	key = binderKey.FinishedKey()
	v.step("resumed.binder_finished_key", key.Bytes(), "finished", nil)
	truncated := v.transcript("resumed.client_hello_prefix")
	v.check("resumed.transcript_hash.client_hello_prefix", truncated)
	binder := binderKey.Binder(truncated)
	v.check("resumed.binder", binder.Bytes())
	hello := v.transcript("resumed.client_hello_prefix", "resumed.client_hello_binders")
	v.check("resumed.transcript_hash.client_hello", hello)
	client = early.ClientTraffic(hello)
	v.step("resumed.client_early_traffic_secret", client.Bytes(), "c e traffic", hello)
	v.keys("resumed.client_early", &client)
	exporter = early.Exporter(hello)
	v.step("resumed.early_exporter_secret", exporter.Bytes(), "e exp master", hello)

	for _, name := range slices.Sorted(maps.Keys(v.unused)) {
		t.Errorf("%s was never compared", name)
	}
}

// Each method, with its label and context spelled out here once more. The
// shared secrets are as long as X25519's, X25519MLKEM768's and ffdhe4096's.
func TestSchedule13IsThePlainOne(t *testing.T) {
	for _, h := range hashes13 {
		for _, sharedLen := range []int{32, 64, 512} {
			size := h.Size()
			fill := func(b byte, n int) []byte { return bytes.Repeat([]byte{b}, n) }
			zeros, empty, th := fill(0, size), h.New().Sum(nil), fill(0x77, size)
			psk, shared := fill(0x21, 20), fill(0x53, sharedLen)
			equal := func(what string, got, want []byte) {
				t.Helper()
				if !bytes.Equal(got, want) {
					t.Errorf("%v, shared secret of %d bytes: %s: got %x, want %x", h, sharedLen, what, got, want)
				}
			}
			label := func(secret []byte, l string, context []byte) []byte {
				return plainLabel(t, h, secret, l, context, size)
			}
			mac := func(key, message []byte) []byte {
				m := hmac.New(h.New, key)
				m.Write(message)
				return m.Sum(nil)
			}

			early, plainEarly := NewEarlySecret(h, psk), plainExtract(t, h, zeros, psk)
			external, ticket := early.BinderKey(true), early.BinderKey(false)
			binder := external.Binder(th)
			earlyClient, earlyExporter := early.ClientTraffic(th), early.Exporter(th)
			handshake := early.Handshake(shared)
			equal("early secret", early.Bytes(), plainEarly)
			equal("ext binder", external.Bytes(), label(plainEarly, "ext binder", empty))
			equal("res binder", ticket.Bytes(), label(plainEarly, "res binder", empty))
			equal("binder", binder.Bytes(), mac(label(external.Bytes(), "finished", nil), th))
			equal("c e traffic", earlyClient.Bytes(), label(plainEarly, "c e traffic", th))
			equal("e exp master", earlyExporter.Bytes(), label(plainEarly, "e exp master", th))

			plainHandshake := plainExtract(t, h, label(plainEarly, "derived", empty), shared)
			client, server := handshake.ClientTraffic(th), handshake.ServerTraffic(th)
			finishedKey, verifyData := client.FinishedKey(), client.VerifyData(th)
			equal("handshake secret", handshake.Bytes(), plainHandshake)
			equal("c hs traffic", client.Bytes(), label(plainHandshake, "c hs traffic", th))
			equal("s hs traffic", server.Bytes(), label(plainHandshake, "s hs traffic", th))
			equal("finished key", finishedKey.Bytes(), label(client.Bytes(), "finished", nil))
			equal("verify_data", verifyData.Bytes(), mac(finishedKey.Bytes(), th))

			plainMain := plainExtract(t, h, label(plainHandshake, "derived", empty), zeros)
			main := handshake.Main()
			exporter, resumption := main.Exporter(th), main.Resumption(th)
			pskOut := resumption.PSK([]byte{0, 1})
			equal("main secret", main.Bytes(), plainMain)
			equal("exp master", exporter.Bytes(), label(plainMain, "exp master", th))
			equal("res master", resumption.Bytes(), label(plainMain, "res master", th))
			equal("resumption", pskOut.Bytes(), label(resumption.Bytes(), "resumption", []byte{0, 1}))
			client, server = main.ClientTraffic(th), main.ServerTraffic(th)
			equal("c ap traffic", client.Bytes(), label(plainMain, "c ap traffic", th))
			want := label(plainMain, "s ap traffic", th)
			for n := range 4 { // KeyUpdates
				equal(fmt.Sprint("s ap traffic ", n), server.Bytes(), want)
				key, iv := make([]byte, 32), make([]byte, 12)
				server.Key(key)
				server.IV(iv)
				equal("key", key, plainLabel(t, h, want, "key", nil, 32))
				equal("iv", iv, plainLabel(t, h, want, "iv", nil, 12))
				server, want = server.Next(), label(want, "traffic upd", nil)
			}

			contextHash := h.New()
			contextHash.Write([]byte("context"))
			for _, n := range []int{0, 1, size, 100} {
				stage := label(exporter.Bytes(), "EXPERIMENTAL lab", empty)
				equal("export", exporter.Export("EXPERIMENTAL lab", []byte("context"), n),
					plainLabel(t, h, stage, "exporter", contextHash.Sum(nil), n))
				equal("export without context", exporter.Export("EXPERIMENTAL lab", nil, n),
					exporter.Export("EXPERIMENTAL lab", []byte{}, n))
			}
		}
	}
}

// For what is missing, zeros stand; and Bytes is no copy, so it can be erased.
func TestMissingInputsAreZeros(t *testing.T) {
	for _, h := range hashes13 {
		zeros := make([]byte, h.Size())
		none, zero, empty := NewEarlySecret(h, nil), NewEarlySecret(h, zeros), NewEarlySecret(h, []byte{})
		if none != zero {
			t.Errorf("%v: no PSK is not the PSK of zeros", h)
		}
		// HMAC pads its key with zeros, but not its message.
		if none == empty {
			t.Errorf("%v: no PSK is the empty PSK", h)
		}
		if none.Handshake(nil) != none.Handshake(zeros) {
			t.Errorf("%v: no shared secret is not the shared secret of zeros", h)
		}
		clear(none.Bytes())
		if !bytes.Equal(none.Bytes(), zeros) {
			t.Errorf("%v: clear(Bytes()) erased a copy", h)
		}
	}
}

func TestNewSecret(t *testing.T) {
	value := bytes.Repeat([]byte{9}, 48)
	s := TrafficSecret{Secret: NewSecret(crypto.SHA384, value)}
	if !bytes.Equal(s.Bytes(), value) {
		t.Errorf("got %x, want %x", s.Bytes(), value)
	}
	var none TrafficSecret
	if len(none.Bytes()) != 0 {
		t.Error("a zero Secret has bytes")
	}
	panics(t, "a secret of another length", func() { NewSecret(crypto.SHA256, value) })
}

func ExampleEarlySecret() {
	hash := func(transcript string) []byte { h := sha256.Sum256([]byte(transcript)); return h[:] }
	shared := make([]byte, 32) // what X25519 gives

	early := NewEarlySecret(crypto.SHA256, nil)
	handshake := early.Handshake(shared)
	server := handshake.ServerTraffic(hash("ClientHello ServerHello"))
	key, iv := make([]byte, 16), make([]byte, 12) // AES-128-GCM
	server.Key(key)
	server.IV(iv)
	verifyData := server.VerifyData(hash("ClientHello … CertificateVerify"))

	main := handshake.Main()
	data := main.ServerTraffic(hash("ClientHello … server Finished"))
	data = data.Next() // after a KeyUpdate
	fmt.Println(len(verifyData.Bytes()), len(data.Bytes()))
	// Output: 32 32
}
