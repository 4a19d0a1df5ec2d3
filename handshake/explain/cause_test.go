package explain_test

import (
	"os"
	"slices"
	"testing"

	"tlslab/handshake/certcompress"
	"tlslab/handshake/certcompress/brotli"
	"tlslab/handshake/explain"
	"tlslab/handshake/iana"
)

// Each likely cause is one that a capture of real software shows, or an answer to the ClientHello of one.
func TestCauses(t *testing.T) {
	shown := map[explain.Cause]string{}
	for _, name := range captures(t) {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		keys, _ := keysFor(t, name)
		for _, k := range []explain.Keys{{}, keys} {
			all, _, err := read(t, file, explain.Options{Keys: k, Compressions: []*certcompress.Method{brotli.Method}})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range all {
				o := c.Outcome
				shown[o.Cause] = name
				if c.TLS && c.QUIC == nil && o.What != explain.Done && o.Cause == "" {
					t.Errorf("%s, connection %d: no cause of %+v", name, c.Number, o)
				}
			}
		}
	}
	file, err := os.ReadFile("testdata/early.pcapng") // whose second ClientHello offers a pre-shared key
	if err != nil {
		t.Fatal(err)
	}
	x := taped(t, file)
	hello := func(conn int) []byte {
		i := slices.IndexFunc(x.all, func(h heard) bool { return h.conn == conn && h.what == "bytes" })
		return x.all[i].b
	}
	for _, row := range []struct {
		conn   int
		alert  iana.AlertDescription
		cause  explain.Cause
		client bool
	}{
		{0, iana.HandshakeFailure, explain.CauseNoCommon, false},
		{0, iana.InsufficientSecurity, explain.CauseNoCommon, false},
		{0, iana.ProtocolVersion, explain.CauseTooOld, false},
		{0, iana.InappropriateFallback, explain.CauseFallback, false},
		{0, iana.NoApplicationProtocol, explain.CauseNoProtocol, false},
		{0, iana.UnrecognizedName, explain.CauseNameUnknown, false},
		{0, iana.UnknownPSKIdentity, explain.CausePSK, false},
		{0, iana.DecryptError, explain.CauseOtherKeys, false},
		{1, iana.DecryptError, explain.CausePSK, false},
		{0, iana.DecodeError, explain.CauseMalformed, false},
		{0, iana.IllegalParameter, explain.CauseMalformed, false},
		{0, iana.MissingExtension, explain.CauseMalformed, false},
		{0, iana.InternalError, explain.CauseOwnFault, false},
		{0, iana.AccessDenied, explain.CauseRefused, false},
		{0, 199, explain.CauseRefused, false},
		{0, iana.UserCanceled, explain.CauseCanceled, true},
	} {
		y := &tape{ends: x.ends[:1], all: []heard{{what: "syn"}, {what: "bytes", b: hello(row.conn)},
			{what: "bytes", server: !row.client, b: []byte{21, 3, 3, 0, 2, 2, byte(row.alert)}}, {what: "fin", server: !row.client}}}
		all, _, err := read(t, y.packets(func(n int) int { return n }), explain.Options{})
		if err != nil || len(all) != 1 {
			t.Fatal(len(all), err)
		}
		if o := all[0].Outcome; o.What != explain.Refused || o.Alert != row.alert || o.Cause != row.cause || (o.By == "client") != row.client {
			t.Errorf("%s: %+v, want %s", row.alert, o, row.cause)
		}
		shown[row.cause] = row.alert.String()
	}
	// What nobody says: the answer breaks off, or is no TLS behind its beginning.
	for said, cause := range map[string]explain.Cause{
		"":                         explain.CauseCutAtHello,
		"\x16\x03\x03\x00\x50":     explain.CauseCutAtHello,
		"HTTP/1.1 400 Bad Request": explain.CauseNotTLS,
		"\x16\x03\x03\xff\xff\x02": explain.CauseMalformed,
	} {
		y := &tape{ends: x.ends[:1], all: []heard{{what: "syn"}, {what: "bytes", b: hello(0)}, {what: "bytes", server: true, b: []byte(said)}, {what: "fin", server: true}}}
		all, _, err := read(t, y.packets(func(n int) int { return n }), explain.Options{})
		if err != nil || len(all) != 1 || all[0].Outcome.Cause != cause {
			t.Errorf("%q: %v, %+v", said, err, all[0].Outcome)
			continue
		}
		shown[cause] = said
	}
	// Java's way: the certificate has come, and the client goes.
	if file, err = os.ReadFile("testdata/ecdhe.pcapng"); err != nil {
		t.Fatal(err)
	}
	x = taped(t, file)
	y := &tape{ends: x.ends, all: append(x.all[:3:3], heard{what: "fin"})}
	all, _, err := read(t, y.packets(func(n int) int { return n }), explain.Options{})
	if o := all[0].Outcome; err != nil || o.What != explain.BrokenOff || o.By != "client" || o.Phase != explain.PhaseClient {
		t.Errorf("%v, %+v", err, o)
	}
	shown[all[0].Outcome.Cause] = "a client that goes"
	for _, c := range explain.Causes() {
		if _, ok := shown[c]; !ok {
			t.Errorf("nothing shows %s", c)
		}
	}
}
