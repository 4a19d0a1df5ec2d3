package explain_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"slices"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/explain"
)

// asRecords are those that a message comes in.
func asRecords(m []byte) (out []byte) {
	for len(m) > 0 {
		n := min(len(m), 1<<14)
		out = append(append(out, 22, 3, 3, byte(n>>8), byte(n)), m[:n]...)
		m = m[n:]
	}
	return out
}

// helloWith is a ClientHello of TLS 1.2 with those extensions.
func helloWith(extensions []byte) []byte {
	body := append([]byte{3, 3}, make([]byte, 32)...)
	body = append(body, 0, 0, 2, 0xc0, 0x2f, 1, 0, byte(len(extensions)>>8), byte(len(extensions)))
	body = append(body, extensions...)
	return asRecords(append([]byte{1, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}, body...))
}

// alpn is the extension with n names of one letter.
func alpn(n int) []byte {
	b := []byte{0, 16, byte((2*n + 2) >> 8), byte(2*n + 2), byte(2 * n >> 8), byte(2 * n)}
	for range n {
		b = append(b, 1, 'a')
	}
	return b
}

// What all connections keep together is bounded, whatever their peers make long: those that were silent longest are
// given up, and told of all the same.
func TestHeld(t *testing.T) {
	if testing.Short() {
		t.Skip("it reads hundreds of megabytes")
	}
	names, half := helloWith(alpn(32_000)), asRecords(append([]byte{11, 3, 0xff, 0xf0}, make([]byte, 0x3ff00)...))
	cut := append([]byte{23, 3, 3, 0x40, 0}, make([]byte, 0x3ff0)...)
	for _, row := range []struct {
		name string
		n    int
		say  func(s *session, i int)
	}{
		{"hellos with many names", 300, func(s *session, _ int) { s.say(0, names) }},
		{"certificates that do not end", 400, func(s *session, _ int) { s.say(0, hello); s.say(1, half) }},
		{"records that do not end", 3000, func(s *session, _ int) { s.say(0, hello); s.say(0, cut); s.say(1, cut) }},
		{"certificates", 400, func(s *session, i int) {
			s.say(0, hello)
			s.say(1, asRecords(append([]byte{2, 0, 0, 38, 3, 3, 37: 0}, 0, 0xc0, 0x2f, 0)))
			cert := make([]byte, 0x3f000)
			cert[0], cert[1] = byte(i), byte(i>>8)
			n, all := len(cert), len(cert)+3
			m := append([]byte{11, byte((all + 3) >> 16), byte((all + 3) >> 8), byte(all + 3), byte(all >> 16), byte(all >> 8), byte(all), byte(n >> 16), byte(n >> 8), byte(n)}, cert...)
			s.say(1, asRecords(m))
		}},
	} {
		in, out := io.Pipe()
		go func() {
			r := record(out)
			for i := range row.n {
				s := r.connection(i)
				s.open()
				row.say(s, i)
			}
			r.w.Flush()
			out.Close()
		}()
		before := heap()
		file := &weighed{Reader: in}
		told := 0
		totals, err := explain.Read(context.Background(), file, explain.Options{Each: func(*explain.Connection) { told++ }})
		if err != nil || totals.TLS < row.n || told != totals.Connections {
			t.Errorf("%s: %+v, %d told, %v", row.name, totals, told, err)
		}
		live := int64(file.live) - int64(before)
		t.Logf("%s: %d MiB live of %d connections", row.name, live>>20, row.n)
		if live > 80<<20 {
			t.Errorf("%s: %d MiB live of %d connections", row.name, live>>20, row.n)
		}
	}
}

// Of a peer's words and lists the account keeps no more than any has that is meant.
func TestKept(t *testing.T) {
	sni := append([]byte{0, 0, 0x40, 5, 0x40, 3, 0, 0x40, 0}, bytes.Repeat([]byte("a"), 0x4000)...)
	versions := append([]byte{0, 43, 0, 255, 254}, bytes.Repeat([]byte{3, 3}, 127)...)
	var b bytes.Buffer
	r := record(&b)
	s := r.connection(1)
	s.open()
	s.say(0, helloWith(append(append(alpn(20_000), sni...), versions...)))
	r.w.Flush()
	_, err := explain.Read(context.Background(), &b, explain.Options{Each: func(c *explain.Connection) {
		if len(c.ServerName) != 255 || len(c.Offered) != 16 || len(c.Versions) != 32 {
			t.Errorf("%d bytes of the name, %d protocols, %d versions", len(c.ServerName), len(c.Offered), len(c.Versions))
		}
	}})
	if err != nil {
		t.Error(err)
	}
}

// pace counts what was read of a file, and what was told of it.
type pace struct {
	io.Reader
	read, told, most int
}

func (x *pace) Read(b []byte) (int, error) {
	n, err := x.Reader.Read(b)
	x.read += n
	return n, err
}

func (x *pace) Event(e event.Event) {
	if r, ok := e.(*event.Record); ok && r.Dir == event.Send {
		x.told += len(r.Wire)
	}
	x.most = max(x.most, x.read-x.told)
}

// Of the connection that is shown, a record that stays closed is told of when the next has come: a download without keys
// is not kept until its end.
func TestClosedIsToldAtOnce(t *testing.T) {
	file, err := os.ReadFile("testdata/tls13_blind.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	x := taped(t, file)
	last := slices.IndexFunc(x.all, func(h heard) bool { return h.what == "fin" || h.what == "rst" })
	record := append([]byte{23, 3, 3, 0x40, 0}, make([]byte, 1<<14)...)
	for range 300 {
		x.all = slices.Insert(x.all, last, heard{what: "bytes", server: true, b: record})
	}
	in := &pace{Reader: bytes.NewReader(x.packets(func(n int) int { return min(n, 1400) }))}
	if _, err := explain.Read(context.Background(), in, explain.Options{Show: 1, Listener: in}); err != nil {
		t.Fatal(err)
	}
	if size := 300 << 14; in.told < size || in.most > size/4 {
		t.Errorf("%d bytes were told of, and up to %d kept", in.told, in.most)
	}
}
