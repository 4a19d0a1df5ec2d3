package transcript_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"sync"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/kx/private"
	"tlslab/handshake/observe"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/render/rendertest"
	"tlslab/handshake/scenario"
	"tlslab/handshake/tls"
	"tlslab/handshake/transcript"
	pkilesson "tlslab/pki/lesson"
)

// lessons are seeded runs that between them have every kind of event, every message, and
// messages in every kind of record.
func lessons() map[string]scenario.Options {
	all := rendertest.Lessons()
	maps.Copy(all, map[string]scenario.Options{
		"small":   {Version: iana.TLS13, RecordSizeLimit: 64, GREASE: true, Staple: "good"}, // messages of many records
		"small12": {Kx: []iana.Kx{iana.KxECDHE}, RecordSizeLimit: 64, GREASE: true},
		"own_kem": {Version: iana.TLS13, Groups: []kx.Group{private.Groups()[0]}}, // a number for private use
	})
	return all
}

// played is every lesson, with its document as text.
var played = sync.OnceValues(func() (map[string]*act, error) {
	out := map[string]*act{}
	for name, o := range lessons() {
		o.Seed = "1"
		l, err := scenario.Run(context.Background(), o, nil)
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		if err := lesson.WriteJSON(&b, l); err != nil {
			return nil, err
		}
		out[name] = &act{l, b.Bytes()}
	}
	return out, nil
})

type act struct {
	*scenario.Transcript
	text []byte
}

func acts(t testing.TB) map[string]*act {
	t.Helper()
	all, err := played()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func decoded(t testing.TB, text []byte) transcript.Document {
	t.Helper()
	doc, err := transcript.Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// observed is what a listener with the keys tells of a lesson's first connection.
func observed(t testing.TB, f *scenario.Flow) []byte {
	t.Helper()
	var b bytes.Buffer
	w := transcript.NewWriter(&b, "1")
	w.Begin("observed", "listener")
	if _, err := f.Observe(observe.Options{Party: "listener", Listener: w, KeyLog: bytes.NewReader(f.KeyLog)}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// live is what client and server of TLS 1.3 tell of a connection in which messages share
// their records, as they do outside of lessons; limit is of both ends' records, 0 for none.
func live(t testing.TB, limit int) [][]byte {
	t.Helper()
	lab, err := pkilesson.New(pkilesson.Options{Name: "www.lab.test"})
	if err != nil {
		t.Fatal(err)
	}
	var texts [2]bytes.Buffer
	var writers [2]*transcript.Writer
	for i := range writers {
		writers[i] = transcript.NewWriter(&texts[i], "")
		writers[i].Begin("live", "client", "server")
	}
	near, far := net.Pipe()
	c, err := tls.Client(near, &tls.Config{Roots: lab.Roots, ServerName: lab.Name, MinVersion: iana.TLS13, RecordSizeLimit: limit, Listener: writers[0]})
	if err != nil {
		t.Fatal(err)
	}
	s, err := tls.Server(far, &tls.Config{Certificates: []tls.Certificate{{Chain: lab.Chain, Key: lab.Key}}, RecordSizeLimit: limit, Listener: writers[1]})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() {
		_, err := io.WriteString(s, "hello")
		served <- errors.Join(err, s.Close())
	}()
	said, err := io.ReadAll(c)
	if err := errors.Join(err, c.Close(), <-served, writers[0].Close(), writers[1].Close()); err != nil || string(said) != "hello" {
		t.Fatal(string(said), err)
	}
	return [][]byte{texts[0].Bytes(), texts[1].Bytes()}
}
