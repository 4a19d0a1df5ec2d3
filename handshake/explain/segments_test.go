package explain_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"tlslab/handshake/capture/dissect"
	"tlslab/handshake/explain"
)

// heard is what happened on one connection of a file.
type heard struct {
	conn   int
	what   string // "syn", "bytes", "fin", "rst"
	server bool
	at     time.Time
	b      []byte
}

// tape takes down what happens in a file, connection by connection.
type tape struct {
	all  []heard
	ends []*dissect.Conversation
	gaps bool
}

type track struct {
	*tape
	n int
}

func (x track) add(what string, server bool, at dissect.At, b []byte) {
	x.all = append(x.all, heard{x.n, what, server, at.Time, slices.Clone(b)})
}
func (x track) Bytes(server bool, at dissect.At, b []byte) { x.add("bytes", server, at, b) }
func (x track) Gap(bool, dissect.At, int64)                { x.gaps = true }
func (x track) Overlap(bool, dissect.At, []byte, []byte)   {}
func (x track) Fin(server bool, at dissect.At)             { x.add("fin", server, at, nil) }
func (x track) Rst(server bool, at dissect.At)             { x.add("rst", server, at, nil) }
func (x track) Done()                                      {}

func taped(t testing.TB, file []byte) *tape {
	t.Helper()
	x := new(tape)
	r, err := dissect.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	a := dissect.NewAssembler(func(c *dissect.Conversation) dissect.Follower {
		x.ends = append(x.ends, c)
		if !c.Midway {
			x.all = append(x.all, heard{len(x.ends) - 1, "syn", false, c.Began.Time, nil})
		}
		return track{x, len(x.ends) - 1}
	})
	var layers dissect.Layers
	for {
		p, err := r.Next()
		if err != nil {
			break
		}
		if s, _ := layers.Packet(p); s != nil {
			a.Segment(s)
		}
	}
	a.Close()
	return x
}

// packets writes what happened as a capture file, in segments as long as cut says of what is left.
func (x *tape) packets(cut func(left int) int) []byte {
	out := []byte{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 3, 0, 101, 0, 0, 0} // bare IP
	seqs := make([][2]uint32, len(x.ends))
	put := func(h heard, flags byte, b []byte) {
		from, to, me := x.ends[h.conn].Client, x.ends[h.conn].Server, 0
		if h.server {
			from, to, me = to, from, 1
		}
		seq := &seqs[h.conn]
		n := 40 + len(b)
		out = binary.LittleEndian.AppendUint32(out, uint32(h.at.Unix()))
		out = binary.LittleEndian.AppendUint32(out, uint32(h.at.Nanosecond()/1000))
		out = binary.LittleEndian.AppendUint32(out, uint32(n))
		out = binary.LittleEndian.AppendUint32(out, uint32(n))
		out = append(out, 0x45, 0, byte(n>>8), byte(n), 0, 0, 0x40, 0, 64, 6, 0, 0)
		out = append(out, v4(from)...)
		out = append(out, v4(to)...)
		out = binary.BigEndian.AppendUint16(out, from.Port())
		out = binary.BigEndian.AppendUint16(out, to.Port())
		out = binary.BigEndian.AppendUint32(out, seq[me])
		out = binary.BigEndian.AppendUint32(out, seq[1-me])
		out = append(out, 5<<4, flags, 0xff, 0xff, 0, 0, 0, 0)
		out = append(out, b...)
		seq[me] += uint32(len(b))
		if flags&3 != 0 {
			seq[me]++
		}
	}
	const fin, syn, rst, ack = 1, 2, 4, 16
	for _, h := range x.all {
		switch h.what {
		case "syn":
			put(h, syn, nil)
			h.server = true
			put(h, syn|ack, nil)
		case "fin":
			put(h, fin|ack, nil)
		case "rst":
			put(h, rst|ack, nil)
		default:
			for b := h.b; len(b) > 0; {
				n := min(cut(len(b)), len(b))
				put(h, ack, b[:n])
				b = b[n:]
			}
		}
	}
	return out
}

// v4 is an address as IPv4 has it; of another its end.
func v4(a netip.AddrPort) []byte { b := a.Addr().As16(); return b[12:] }

// However a recording is cut into segments, it says the same: each byte in one of its own, cuts by chance, and
// all that one end said before the other spoke at once.
func TestSegments(t *testing.T) {
	tested := 0
	for _, name := range captures(t) {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		x := taped(t, file)
		if x.gaps || len(x.ends) == 0 {
			continue // what is missing falls elsewhere; QUIC has no segments
		}
		keys, _ := keysFor(t, name)
		want, _, err := read(t, file, explain.Options{Keys: keys})
		if err != nil {
			t.Fatal(err)
		}
		whole := &tape{ends: x.ends}
		for _, h := range x.all { // what stands together
			last := len(whole.all) - 1
			if h.what == "bytes" && last >= 0 && whole.all[last].what == "bytes" && whole.all[last].conn == h.conn && whole.all[last].server == h.server {
				whole.all[last].b = append(whole.all[last].b, h.b...)
			} else {
				whole.all = append(whole.all, h)
			}
		}
		chance := rand.New(rand.NewPCG(1, 2))
		for how, b := range map[string][]byte{
			"a byte each": x.packets(func(int) int { return 1 }),
			"by chance":   x.packets(func(int) int { return 1 + chance.IntN(40) }),
			"at once":     whole.packets(func(n int) int { return min(n, 60_000) }),
		} {
			got, _, err := read(t, b, explain.Options{Keys: keys})
			if err != nil || len(got) != len(want) {
				t.Errorf("%s, %s: %d connections, %v", name, how, len(got), err)
				continue
			}
			slices.SortFunc(got, byNumber)
			slices.SortFunc(want, byNumber)
			for i := range got {
				if a, b := account(got[i]), account(want[i]); a != b {
					t.Errorf("%s, %s:\n%s\nand as it was recorded\n%s", filepath.Base(name), how, a, b)
				}
			}
			tested++
		}
	}
	if tested < 100 {
		t.Errorf("%d files were read", tested)
	}
}

func byNumber(a, b *explain.Connection) int { return a.Number - b.Number }

// A client may begin TLS without waiting for leave, and all that the server says of it comes behind the
// ClientHello: it is the same connection, and only what a greeting tells of the protocol cannot be told yet.
func TestOptimistic(t *testing.T) {
	for name, same := range map[string]func(string) string{
		"testdata/tunnels.pcapng":  func(s string) string { return s },
		"testdata/starttls.pcapng": func(s string) string { return carried.ReplaceAllString(s, "") },
	} {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		keys, _ := keysFor(t, name)
		want, _, err := read(t, file, explain.Options{Keys: keys})
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(want, byNumber)
		x := taped(t, file)
		y := &tape{ends: x.ends}
		for n, c := range want {
			var waits []heard
			said, clear := [2]int{}, c.Before
			for _, h := range x.all {
				if h.conn != n {
					continue
				}
				if me := side(h.server); h.what == "bytes" {
					if said[me] += len(h.b); h.server && said[1] <= clear[1] && said[0] <= clear[0] {
						waits = append(waits, h)
						continue
					}
				}
				y.all = append(y.all, h)
				if said[0] > clear[0] { // the ClientHello
					y.all, waits = append(y.all, waits...), nil
				}
			}
		}
		got, _, err := read(t, y.packets(func(n int) int { return n }), explain.Options{Keys: keys})
		if err != nil || len(got) != len(want) {
			t.Fatal(len(got), err)
		}
		slices.SortFunc(got, byNumber)
		for i := range got {
			if a, b := same(account(got[i])), same(account(want[i])); a != b {
				t.Errorf("%s:\n%s\nand as it was recorded\n%s", name, a, b)
			}
			if k := got[i].Carrier; k == explain.Bare {
				t.Errorf("%s: nothing is said to stand before connection %d", name, i+1)
			}
		}
	}
}

// What stands before TLS is told by what was said, and by what is left of it.
func TestCarriers(t *testing.T) {
	file, err := os.ReadFile("testdata/tls13.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	x := taped(t, file)
	hello, answer := x.all[1].b, x.all[2].b
	for _, row := range []struct {
		greeting, said, reply string
		carrier               explain.Carrier
		target                string
	}{
		{"", "PROXY TCP4 192.0.2.9 192.0.2.1 4000 443\r\n", "", explain.PROXY, "192.0.2.9"},
		{"", "PROXY UNKNOWN\r\n", "", explain.PROXY, ""},
		{"", "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x09\xc0\x00\x02\x01\x0f\xa0\x01\xbb", "", explain.PROXY, ""},
		{"", "\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x01\x00\x00\x00", "\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x02\x1f\x08\x00\x01\x00\x00\x00", explain.StartTLS, "rdp"},
		{"", "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", explain.Connect, "[2001:db8::1]:443"},
		{"", "\x05\x01\x00\x05\x01\x00\x04\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x01\xbb", "\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", explain.SOCKS, "[2001:db8::1]:443"},
		{"", "\x05\xff\x00\x05\x01\x00\x03\xff\x61", "", explain.SOCKS, ""}, // lengths that lie
		{"", "\x05\x01\x02\x01\xff\x00\x00\x00\x00", "", explain.SOCKS, ""},
		{"", "\x04\x01\x01\xbb\x00\x00\x00\x01\x00", "\x00\x5a\x00\x00\x00\x00\x00\x00", explain.SOCKS, "0.0.0.1:443"},
		{"220 x\r\n", "EHLO a\r\nstarttls\r\n", "250 STARTTLS\r\n220 go\r\n", explain.StartTLS, "smtp"},
		{"* OK\r\n", "a.7 STARTTLS\r\n", "a.7 OK\r\n", explain.StartTLS, "imap"},
		{"HELO\n", "STARTTLS\n", "", explain.StartTLS, ""},
		{"", "whatever it is", "ok", explain.Some, ""},
	} {
		for _, n := range []int{1, 7, 1 << 14} {
			y := &tape{ends: x.ends[:1], all: []heard{{what: "syn"}, {what: "bytes", server: true, b: []byte(row.greeting)}, {what: "bytes", b: []byte(row.said)},
				{what: "bytes", server: true, b: []byte(row.reply)}, {what: "bytes", b: hello}, {what: "bytes", server: true, b: answer}, {what: "fin"}}}
			all, _, err := read(t, y.packets(func(int) int { return n }), explain.Options{})
			if err != nil || len(all) != 1 || !all[0].TLS || all[0].Carrier != row.carrier || all[0].Target != row.target || all[0].Version == 0 ||
				all[0].Before != [2]int{len(row.said), len(row.greeting + row.reply)} {
				t.Errorf("%q, %d at a time: %v, %+v", row.said, n, err, all[0])
			}
		}
	}
}

var carried = regexp.MustCompile(`carried: .*`)

func side(server bool) int {
	if server {
		return 1
	}
	return 0
}

// What only looks like a ClientHello, in the middle of something else, is none; and TLS in the packets of another
// protocol is not taken for broken TLS.
func TestNoHello(t *testing.T) {
	file, err := os.ReadFile("testdata/tls13.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	x := taped(t, file)
	var hello []byte
	for _, h := range x.all {
		if h.what == "bytes" && hello == nil {
			hello = h.b
		}
	}
	for what, said := range map[string][2]string{
		"a download of a capture": {"GET /tls13.pcapng HTTP/1.1\r\n\r\n" + string(hello), "HTTP/1.1 200 OK\r\n\r\nthank you"},
		"silence behind it":       {"PUT /tls13.pcapng HTTP/1.1\r\n\r\n" + string(hello), ""},
		"TDS":                     {"\x12\x01\x00\x08\x00\x00\x00\x00" + string(hello), "\x04\x01\x00\x08\x00\x00\x00\x00\x16\x03\x03\x00\x07\x02\x00\x00\x03\x03\x03\x00"},
		"half of it":              {string(hello[:40]), "220 ready\r\n"},
	} {
		y := &tape{ends: x.ends[:1], all: []heard{{what: "syn"}, {what: "bytes", b: []byte(said[0])}, {what: "bytes", server: true, b: []byte(said[1])}, {what: "fin"}}}
		for _, n := range []int{1, 1 << 14} {
			all, totals, err := read(t, y.packets(func(int) int { return n }), explain.Options{})
			if err != nil || len(all) != 1 || all[0].TLS || totals.TLS != 0 {
				t.Errorf("%s: %v, %+v", what, err, all[0])
			}
		}
	}
}

// A recorder with more than one queue has packets out of order, and answers before what they answer: nothing of the account
// changes by that.
func TestAnswersFirst(t *testing.T) {
	tried := 0
	for _, name := range captures(t) {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		keys, _ := keysFor(t, name)
		all, totals, err := read(t, file, explain.Options{Keys: keys})
		if err != nil || len(all) != 1 || all[0].Midway || all[0].QUIC != nil || totals.Packets < 8 || resets(t, file) {
			continue // what a reset was said behind is nowhere said
		}
		tried++
		want := account(all[0])
		for seed := range uint64(8) {
			r := rand.New(rand.NewPCG(seed, 5))
			got, _, err := read(t, shuffled(file, r), explain.Options{Keys: keys})
			if err != nil || len(got) != 1 || account(got[0]) != want {
				t.Errorf("%s, seed %d, %v:\n%s\nwant\n%s", name, seed, err, account(got[0]), want)
			}
		}
	}
	if tried < 10 {
		t.Errorf("only %d captures were tried", tried)
	}
}

// resets reports whether there is a RST in a file.
func resets(t *testing.T, file []byte) bool {
	f, err := dissect.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	var layers dissect.Layers
	for {
		p, err := f.Next()
		if err != nil {
			return false
		}
		if s, _ := layers.Packet(p); s != nil && s.Rst {
			return true
		}
	}
}

// shuffled is a pcapng file with its packets in disorder, by up to four places, but for those of the TCP handshake.
func shuffled(file []byte, r *rand.Rand) []byte {
	var out []byte
	var packets [][]byte
	for rest := file; len(rest) > 0; {
		n := int(binary.LittleEndian.Uint32(rest[4:]))
		if binary.LittleEndian.Uint32(rest) == 6 {
			packets = append(packets, rest[:n])
		} else if out == nil || len(packets) == 0 {
			out = append(out, rest[:n]...)
		}
		rest = rest[n:]
	}
	for at := 3; at < len(packets); {
		span := min(1+r.IntN(5), len(packets)-at)
		r.Shuffle(span, func(i, j int) { packets[at+i], packets[at+j] = packets[at+j], packets[at+i] })
		at += span
	}
	for _, p := range packets {
		out = append(out, p...)
	}
	return out
}
