package tamper_test

import (
	"bytes"
	"slices"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/tamper"
	"tlslab/pki"
)

// meet runs a handshake and one request over a wire with a script.
func meet(t *testing.T, script tamper.Script) (client, server *handshake.Endpoint, got string) {
	t.Helper()
	l, err := pki.NewLesson(pki.LessonOptions{KeyAlg: "ecdsa"})
	if err != nil {
		t.Fatal(err)
	}
	if client, err = handshake.NewClient(&handshake.Config{Roots: l.Roots, ServerName: l.Name}); err != nil {
		t.Fatal(err)
	}
	if server, err = handshake.NewServer(&handshake.Config{Certificates: []handshake.Certificate{{Chain: l.Chain, Key: l.Key}}}); err != nil {
		t.Fatal(err)
	}
	link := &tamper.Link{Script: script}
	link.Pump(client, server)
	for _, text := range []string{"one", "two"} {
		if client.Done() && server.Done() {
			if _, err := client.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
			link.Pump(client, server)
			buf := make([]byte, 100)
			n, _ := server.Read(buf) // the error stays in the endpoint
			got += string(buf[:n])
		}
	}
	return client, server, got
}

func TestHonestWire(t *testing.T) {
	var log []tamper.Captured
	for _, s := range []tamper.Script{nil, tamper.Pass, tamper.Record(&log), tamper.Then(tamper.Pass, tamper.Pass)} {
		if c, s, got := meet(t, s); got != "onetwo" {
			t.Errorf("got %q: %v, %v", got, c.Err(), s.Err())
		}
	}
	if len(log) == 0 || log[0].Dir != tamper.ToServer || log[0].Record[0] != byte(iana.Handshake) {
		t.Errorf("%+v", log)
	}
}

// TestAttacks: none of the five gets anything through that was not sent. The
// client's records are ClientHello, ClientKeyExchange, ChangeCipherSpec, Finished,
// "one", "two".
func TestAttacks(t *testing.T) {
	const finished, one = 3, 4
	shorten := func(rec []byte) { rec[4]-- }
	for _, a := range []struct {
		name   string
		script tamper.Script
		why    reason.Reason // of the server's refusal; "": it waits for ever
		got    string
	}{
		{"edit Finished", tamper.On(tamper.ToServer, finished, tamper.FlipLastBit), reason.BadRecordMAC, ""},
		{"edit data", tamper.On(tamper.ToServer, one, tamper.FlipLastBit), reason.BadRecordMAC, ""},
		{"edit length", tamper.On(tamper.ToServer, one, tamper.Edit(shorten)), reason.BadRecordMAC, ""},
		{"replay data", tamper.On(tamper.ToServer, one, tamper.Replay), reason.BadRecordMAC, "one"},
		{"replay ClientHello", tamper.On(tamper.ToServer, 0, tamper.Replay), reason.UnexpectedMessage, ""},
		{"drop data", tamper.On(tamper.ToServer, one, tamper.Drop), reason.BadRecordMAC, ""},
		{"delay data", tamper.Delay(tamper.ToServer, one), reason.BadRecordMAC, ""},
		{"drop ClientHello", tamper.On(tamper.ToServer, 0, tamper.Drop), "", ""},
		{"drop ServerHello", tamper.On(tamper.ToClient, 0, tamper.Drop), reason.PeerAlert, ""},
	} {
		t.Run(a.name, func(t *testing.T) {
			_, s, got := meet(t, a.script)
			if reason.Of(s.Err()) != a.why || got != a.got {
				t.Errorf("the server got %q and says %v", got, s.Err())
			}
		})
	}
}

// TestPieces: a script sees whole records, however the bytes come.
func TestPieces(t *testing.T) {
	stream := []byte{22, 3, 3, 0, 2, 'a', 'b', 23, 3, 3, 0, 0, 21, 3, 3, 0, 1, 'c', 23, 3}
	var log []tamper.Captured
	link := &tamper.Link{Script: tamper.Record(&log)}
	var out []byte
	for b := range slices.Chunk(stream, 1) {
		out = append(out, link.Carry(tamper.ToClient, b)...)
	}
	if !bytes.Equal(out, stream[:18]) || len(log) != 3 || len(log[0].Record) != 7 || len(log[1].Record) != 5 || len(log[2].Record) != 6 {
		t.Errorf("out % x, log %v", out, log)
	}
}
