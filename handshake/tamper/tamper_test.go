package tamper_test

import (
	"bytes"
	"slices"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/stage"
	"tlslab/handshake/tamper"
	"tlslab/pki/lesson"
)

// meet runs a handshake and two requests over a wire with a script. max is the highest
// version of both ends.
func meet(t *testing.T, max iana.Version, script tamper.Script) (client, server *handshake.Endpoint, got string) {
	t.Helper()
	l, err := lesson.New(lesson.Options{KeyAlg: "ecdsa"})
	if err != nil {
		t.Fatal(err)
	}
	if client, err = handshake.NewClient(&handshake.Config{MaxVersion: max, Roots: l.Roots, ServerName: l.Name}); err != nil {
		t.Fatal(err)
	}
	if server, err = handshake.NewServer(&handshake.Config{MaxVersion: max, Certificates: []handshake.Certificate{{Chain: l.Chain, Key: l.Key}}}); err != nil {
		t.Fatal(err)
	}
	link := &tamper.Link{Script: script}
	stage.Meet(client, server, link)
	for _, text := range []string{"one", "two"} {
		if client.Done() && server.Done() {
			if _, err := client.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
			stage.Meet(client, server, link)
			buf := make([]byte, 100)
			n, _ := server.Read(buf) // the error stays in the endpoint
			got += string(buf[:n])
		}
	}
	return client, server, got
}

func TestHonestWire(t *testing.T) {
	for _, v := range []iana.Version{iana.TLS12, iana.TLS13} {
		var log []tamper.Captured
		nothing := func(message.Message) {}
		for _, s := range []tamper.Script{nil, tamper.Pass, tamper.On(tamper.ToServer, 0, nil), tamper.Then(nil, nil), tamper.Record(&log), tamper.Then(tamper.Pass, tamper.Pass), tamper.EditHello(nothing)} {
			if c, s, got := meet(t, v, s); got != "onetwo" {
				t.Errorf("%v: got %q: %v, %v", v, got, c.Err(), s.Err())
			}
		}
		if len(log) == 0 || log[0].Dir != tamper.ToServer || log[0].Record[0] != byte(iana.Handshake) {
			t.Errorf("%v: %+v", v, log)
		}
	}
}

// attack is a script and what the server makes of it.
type attack struct {
	name   string
	script tamper.Script
	why    reason.Reason // of the server's refusal; "": it waits for ever, or is not disturbed
	got    string
}

func run(t *testing.T, v iana.Version, attacks []attack) {
	for _, a := range attacks {
		t.Run(v.String()+"/"+a.name, func(t *testing.T) {
			_, s, got := meet(t, v, a.script)
			if reason.Of(s.Err()) != a.why || got != a.got {
				t.Errorf("the server got %q and says %v", got, s.Err())
			}
		})
	}
}

func shorten(rec []byte) { rec[4]-- }

// TestAttacks: none of the five gets anything through that was not sent. The
// client's records are ClientHello, ClientKeyExchange, ChangeCipherSpec, Finished,
// "one", "two".
func TestAttacks(t *testing.T) {
	const finished, one = 3, 4
	run(t, iana.TLS12, []attack{
		{"edit Finished", tamper.On(tamper.ToServer, finished, tamper.FlipLastBit), reason.BadRecordMAC, ""},
		{"edit data", tamper.On(tamper.ToServer, one, tamper.FlipLastBit), reason.BadRecordMAC, ""},
		{"edit length", tamper.On(tamper.ToServer, one, tamper.Edit(shorten)), reason.BadRecordMAC, ""},
		{"replay data", tamper.On(tamper.ToServer, one, tamper.Replay), reason.BadRecordMAC, "one"},
		{"replay ClientHello", tamper.On(tamper.ToServer, 0, tamper.Replay), reason.UnexpectedMessage, ""},
		{"drop data", tamper.On(tamper.ToServer, one, tamper.Drop), reason.BadRecordMAC, ""},
		{"delay data", tamper.Delay(tamper.ToServer, one), reason.BadRecordMAC, ""},
		{"drop ClientHello", tamper.On(tamper.ToServer, 0, tamper.Drop), reason.None, ""},
		{"drop ServerHello", tamper.On(tamper.ToClient, 0, tamper.Drop), reason.PeerAlert, ""},
	})
}

// TestAttacks13 is the same for TLS 1.3, where the client's records are ClientHello, a
// ChangeCipherSpec that means nothing, Finished, "one", "two"; and where a header
// is authenticated, though it says nothing.
func TestAttacks13(t *testing.T) {
	const dummy, finished, one = 1, 2, 3
	pretend := func(off int, b byte) tamper.Script { return tamper.Edit(func(rec []byte) { rec[off] = b }) }
	run(t, iana.TLS13, []attack{
		{"edit Finished", tamper.On(tamper.ToServer, finished, tamper.FlipLastBit), reason.BadRecordMAC, ""},
		{"edit data", tamper.On(tamper.ToServer, one, tamper.FlipLastBit), reason.BadRecordMAC, ""},
		{"edit length", tamper.On(tamper.ToServer, one, tamper.Edit(shorten)), reason.BadRecordMAC, ""},
		{"edit version", tamper.On(tamper.ToServer, one, pretend(2, 1)), reason.BadRecordMAC, ""},
		{"edit type", tamper.On(tamper.ToServer, one, pretend(0, byte(iana.Alert))), reason.UnexpectedRecord, ""},
		{"replay data", tamper.On(tamper.ToServer, one, tamper.Replay), reason.BadRecordMAC, "one"},
		{"replay Finished", tamper.On(tamper.ToServer, finished, tamper.Replay), reason.BadRecordMAC, ""},
		{"replay ClientHello", tamper.On(tamper.ToServer, 0, tamper.Replay), reason.UnexpectedRecord, ""},
		{"drop data", tamper.On(tamper.ToServer, one, tamper.Drop), reason.BadRecordMAC, ""},
		{"drop Finished", tamper.On(tamper.ToServer, finished, tamper.Drop), reason.None, ""},
		{"delay data", tamper.Delay(tamper.ToServer, one), reason.BadRecordMAC, ""},
		{"drop ClientHello", tamper.On(tamper.ToServer, 0, tamper.Drop), reason.None, ""},
		{"drop ServerHello", tamper.On(tamper.ToClient, 0, tamper.Drop), reason.PeerAlert, ""},
		{"drop ChangeCipherSpec", tamper.On(tamper.ToServer, dummy, tamper.Drop), reason.None, "onetwo"},
		{"replay ChangeCipherSpec", tamper.On(tamper.ToServer, dummy, tamper.Replay), reason.None, "onetwo"},
		{"edit ChangeCipherSpec", tamper.On(tamper.ToServer, dummy, tamper.FlipLastBit), reason.UnexpectedRecord, ""},
		{"delay ChangeCipherSpec", tamper.Delay(tamper.ToServer, dummy), reason.UnexpectedMessage, ""},
	})
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
