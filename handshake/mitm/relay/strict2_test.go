package relay

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// strict2 reads what goes out on the two legs, as x/net/http2 reads blocks of fields, and beyond that
// as RFC 9113 §8 says of messages, in words of its own: it shares no code with the relay.
type strict2 struct {
	t       testing.TB
	legs    [2]strictLeg // what the server hears, what the client hears
	streams map[uint32]*strictStream
	lines   [2][]string // of each leg, a frame in a line; windows and settings apart
	windows [2]map[uint32]int
	lawless bool // the server begins with something else than SETTINGS, and that goes on as it came
}

type strictLeg struct {
	in    []byte
	block []byte
	of    uint32
	end   bool
	push  uint32
	dec   *hpack.Decoder
	began bool
}

type strictStream struct {
	method string
	tunnel bool
	half   [2]strictHalf
	reset  bool
}

type strictHalf struct {
	head, over   bool
	none         bool
	length, came int64
}

func newStrict2(t testing.TB) *strict2 {
	s := &strict2{t: t, streams: map[uint32]*strictStream{}, windows: [2]map[uint32]int{{}, {}}}
	for i := range s.legs {
		s.legs[i].dec = hpack.NewDecoder(4096, nil)
		s.legs[i].dec.SetAllowedMaxDynamicTableSize(maxTable)
	}
	return s
}

// allows has a server begin as it does: what it says goes on as it came.
func (s *strict2) allows(server []byte) {
	s.lawless = len(server) > 3 && http2.FrameType(server[3]) != http2.FrameSettings
}

func (s *strict2) hears(from Side, b []byte) {
	i, l := 0, &s.legs[0]
	if from == Server {
		i, l = 1, &s.legs[1]
	}
	l.in = append(l.in, b...)
	if from == Client && !l.began {
		if len(l.in) < len(http2.ClientPreface) {
			return
		}
		l.in, l.began = l.in[len(http2.ClientPreface):], true
	}
	for len(l.in) >= 9 {
		n := int(l.in[0])<<16 | int(l.in[1])<<8 | int(l.in[2])
		if len(l.in) < 9+n {
			return
		}
		s.frame(i, l, http2.FrameType(l.in[3]), http2.Flags(l.in[4]), binary.BigEndian.Uint32(l.in[5:])&(1<<31-1), l.in[9:9+n])
		l.in = l.in[9+n:]
	}
}

func (s *strict2) bad(i int, id uint32, format string, args ...any) {
	s.t.Fatalf("what goes to the %s on stream %d is malformed: %s", []string{"server", "client"}[i], id, fmt.Sprintf(format, args...))
}

func (s *strict2) line(i int, id uint32, format string, args ...any) {
	s.lines[i] = append(s.lines[i], fmt.Sprintf("%d ", id)+fmt.Sprintf(format, args...))
}

func ends2(end bool) string {
	if end {
		return " END"
	}
	return ""
}

func (s *strict2) frame(i int, l *strictLeg, kind http2.FrameType, flags http2.Flags, id uint32, p []byte) {
	if i == 1 && !l.began && !s.lawless && kind != http2.FrameSettings {
		s.bad(i, id, "%v before SETTINGS", kind)
	}
	l.began = true
	if (l.of != 0) != (kind == http2.FrameContinuation) {
		s.bad(i, id, "%v amid, or without, a block", kind)
	}
	switch kind {
	case http2.FrameHeaders, http2.FramePushPromise, http2.FrameData:
		if flags.Has(8) {
			if len(p) == 0 || int(p[0]) >= len(p) {
				s.bad(i, id, "padding of %v", kind)
			}
			p = p[1 : len(p)-int(p[0])]
		}
	}
	switch kind {
	case http2.FrameData:
		s.line(i, id, "DATA %.20s%s", p, ends2(flags.Has(1)))
		s.data(i, id, int64(len(p)), flags.Has(1))
	case http2.FrameHeaders:
		if flags.Has(0x20) {
			p = p[5:]
		}
		l.of, l.end, l.push, l.block = id, flags.Has(1), 0, slices.Clone(p)
	case http2.FramePushPromise:
		l.of, l.end, l.push, l.block = id, false, binary.BigEndian.Uint32(p), slices.Clone(p[4:])
	case http2.FrameContinuation:
		l.block = append(l.block, p...)
	case http2.FrameWindowUpdate:
		if len(p) == 4 {
			s.windows[i][id] += int(binary.BigEndian.Uint32(p))
		}
	case http2.FramePing:
		s.line(i, id, "PING")
	case http2.FrameGoAway:
		if len(p) >= 8 {
			s.line(i, id, "GOAWAY %v", http2.ErrCode(binary.BigEndian.Uint32(p[4:])))
		}
	case http2.FrameRSTStream:
		if len(p) == 4 {
			s.line(i, id, "RST_STREAM %v", http2.ErrCode(binary.BigEndian.Uint32(p)))
		}
		if st := s.streams[id]; st != nil {
			st.reset = true
		}
	}
	if l.of != 0 && flags.Has(4) {
		l.of = 0
		s.head(i, id, l)
	}
}

// fields has x/net/http2 read a block.
func (s *strict2) fields(i int, id uint32, l *strictLeg) []hpack.HeaderField {
	b := l.block
	for n := sizeUpdate(b); n > 0; n = sizeUpdate(b) { // which x/net/http2 takes but one of
		if _, err := l.dec.Write(b[:n]); err != nil {
			s.bad(i, id, "%v", err)
		}
		if err := l.dec.Close(); err != nil {
			s.bad(i, id, "%v", err)
		}
		b = b[n:]
	}
	var whole []byte
	kind, flags := http2.FrameHeaders, http2.FlagHeadersEndHeaders
	whole = frame(whole, kind, flags, 1, b)
	fr := http2.NewFramer(nil, bytes.NewReader(whole))
	fr.SetMaxReadFrameSize(1<<24 - 1)
	fr.ReadMetaHeaders = l.dec
	f, err := fr.ReadFrame()
	if err != nil {
		s.bad(i, id, "%v %v: %x", err, fr.ErrorDetail(), l.block)
	}
	return f.(*http2.MetaHeadersFrame).Fields
}

func (s *strict2) head(i int, id uint32, l *strictLeg) {
	fields := s.fields(i, id, l)
	values, text := map[string][]string{}, "HEADERS"
	if l.push != 0 {
		text = fmt.Sprintf("PUSH_PROMISE %d", l.push)
	}
	for _, f := range fields {
		if f.Name != ":scheme" && f.Name != ":authority" && f.Value != "/" { // those are the same everywhere here
			text += " " + f.Name + "=" + f.Value
		}
		values[f.Name] = append(values[f.Name], f.Value)
		if strings.Trim(f.Value, " \t") != f.Value {
			s.bad(i, id, "white space around %q", f.Value)
		}
	}
	s.line(i, id, "%s%s", text, ends2(l.end))
	for _, name := range []string{"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"} {
		if values[name] != nil {
			s.bad(i, id, "%s", name)
		}
	}
	for _, te := range values["te"] {
		if i == 1 && l.push == 0 || !strings.EqualFold(te, "trailers") {
			s.bad(i, id, "te: %s", te)
		}
	}
	st := s.streams[id]
	switch {
	case l.push != 0:
		if s.streams[l.push] != nil {
			s.bad(i, l.push, "promised twice")
		}
		st = &strictStream{}
		s.streams[l.push] = st
		s.request(0, l.push, st, values)
		st.half[0].over = true
	case st == nil && i == 0 && id%2 == 1:
		st = &strictStream{}
		s.streams[id] = st
		s.request(i, id, st, values)
		s.ends(i, id, st, l.end)
	case st == nil && id%2 == 1: // the relay's own answer to what the server has not heard
		st = &strictStream{}
		s.streams[id] = st
		s.reply(id, st, values, l.end)
	case st == nil:
		s.bad(i, id, "HEADERS of no stream")
	case st.reset: // late
	case i == 1 && !st.half[1].head:
		s.reply(id, st, values, l.end)
	default:
		h := &st.half[i]
		for name := range values {
			if strings.HasPrefix(name, ":") {
				s.bad(i, id, "%s in a trailer", name)
			}
		}
		if h.over || !l.end {
			s.bad(i, id, "HEADERS behind the end, or a trailer that is not (%t)", l.end)
		}
		s.ends(i, id, st, true)
	}
}

func (s *strict2) request(i int, id uint32, st *strictStream, v map[string][]string) {
	one := func(name string) string {
		if len(v[name]) != 1 {
			s.bad(i, id, "%d of %s", len(v[name]), name)
		}
		return v[name][0]
	}
	st.method = one(":method")
	if v[":status"] != nil {
		s.bad(i, id, ":status")
	}
	st.tunnel = st.method == http.MethodConnect
	if st.tunnel && v[":protocol"] == nil {
		if one(":authority") == "" || v[":path"] != nil || v[":scheme"] != nil {
			s.bad(i, id, "CONNECT with %v", v)
		}
	} else {
		path, scheme := one(":path"), one(":scheme")
		if strings.HasPrefix(scheme, "http") && !strings.HasPrefix(path, "/") && path != "*" && (scheme == "http" || scheme == "https") || path == "*" && st.method != "OPTIONS" && scheme == "https" {
			s.bad(i, id, "path %q", path)
		}
		if v[":protocol"] != nil && !st.tunnel {
			s.bad(i, id, ":protocol")
		}
		if strings.ContainsAny(path, " \t") || scheme == "" {
			s.bad(i, id, "%q %q", scheme, path)
		}
	}
	if a := v[":authority"]; len(a) > 0 && strings.Contains(a[0], "@") {
		s.bad(i, id, "userinfo %q", a)
	}
	if len(v["host"]) > 1 {
		s.bad(i, id, "two hosts")
	}
	s.measure(i, id, st, v, false)
}

func (s *strict2) reply(id uint32, st *strictStream, v map[string][]string, end bool) {
	if len(v) == 0 || len(v[":status"]) != 1 {
		s.bad(1, id, "%d of :status", len(v[":status"]))
	}
	for name := range v {
		if strings.HasPrefix(name, ":") && name != ":status" {
			s.bad(1, id, "%s in a reply", name)
		}
	}
	n, err := strconv.Atoi(v[":status"][0])
	if err != nil || n < 100 || n > 999 || n == 101 {
		s.bad(1, id, "status %q", v[":status"])
	}
	if n < 200 {
		if end {
			s.bad(1, id, "END_STREAM behind %d", n)
		}
		return
	}
	if n >= 300 {
		st.tunnel = false
	}
	s.measure(1, id, st, v, st.method == "HEAD" || n == 204 || n == 304)
	s.ends(1, id, st, end)
}

func (s *strict2) measure(i int, id uint32, st *strictStream, v map[string][]string, none bool) {
	h := &st.half[i]
	h.head, h.length, h.none = true, -1, none
	if none || st.tunnel {
		return
	}
	for _, c := range v["content-length"] {
		n, err := strconv.ParseUint(c, 10, 62)
		if err != nil || h.length >= 0 && h.length != int64(n) {
			s.bad(i, id, "content-length %q", c)
		}
		h.length = int64(n)
	}
}

func (s *strict2) data(i int, id uint32, n int64, end bool) {
	st := s.streams[id]
	if st == nil {
		for other := range s.streams {
			if other%2 == id%2 && other > id {
				return // of one that was passed over, and so is closed (RFC 9113 §5.1.1)
			}
		}
		s.bad(i, id, "DATA of no stream")
	}
	h := &st.half[i]
	if st.reset {
		return // late
	}
	if !h.head || h.over || h.none && n > 0 {
		s.bad(i, id, "DATA where there may be none: %+v", h)
	}
	if h.came += n; h.length >= 0 && h.came > h.length {
		s.bad(i, id, "%d of %d bytes", h.came, h.length)
	}
	s.ends(i, id, st, end)
}

func (s *strict2) ends(i int, id uint32, st *strictStream, end bool) {
	h := &st.half[i]
	if !end {
		return
	}
	if h.over = true; h.length >= 0 && h.came != h.length && !(h.none || st.tunnel) {
		s.bad(i, id, "%d of %d bytes", h.came, h.length)
	}
}

// FuzzWellFormed2: whatever the two ends say in HTTP/2, in whatever pieces, what goes out is well-formed.
func FuzzWellFormed2(f *testing.F) {
	request := ask("POST", "/1", "content-length: 4")
	f.Add([]byte(scripted(append(request, "\xfcbody", "\xfb")...)), []byte(scripted(":status: 200", "content-length: 2", "\xfcok", "\xfb")), []byte{7, 30}, byte(0))
	f.Add([]byte(scripted(append(request, "x: a\r\nEvil: 1", "\xfcbody", "\xfb")...)+"\xfe"+scripted(ask("GET", "/2")...)+"\xff\xfb"), []byte("\xfe"+scripted(":status: 204", "\xfb")), []byte{}, byte(1))
	f.Add([]byte(scripted(append(request, "\xfcbod", "sum: 1", "\xfb")...)), []byte(scripted(":status: 103", "\xfc", ":status: 200", "a: b ", "\xfcok", "x-sum: 2", "\xfb")), []byte{200}, byte(2))
	f.Add([]byte(scripted(append(ask("HEAD", "/1"), "\xfb")...)), []byte(scripted(":status: 304", "content-length: 9", "\xfcoh", "\xfb")), []byte{3}, byte(4))
	f.Fuzz(func(t *testing.T, client, server, pattern []byte, kind byte) {
		odd := func(n int) uint32 { return uint32(2*n + 1) }
		c, s := newEnd2("c"), newEnd2("s")
		say := begin2(c, s)
		asks, answers := framesOf("c", client, odd), framesOf("s", server, odd)
		for len(asks)+len(answers) > 0 {
			if n := min(len(asks), 1+int(kind>>4)); n > 0 {
				say, asks = append(say, asks[:n]...), asks[n:]
			}
			if n := min(len(answers), 1+int(kind>>2&3)); n > 0 {
				say, answers = append(say, answers[:n]...), answers[n:]
			}
		}
		if kind&1 == 1 { // and everybody gives room
			say = append(say, c.send(http2.FrameWindowUpdate, 0, 0, u32(1<<20)), s.send(http2.FrameWindowUpdate, 0, 0, u32(1<<20)))
		}
		var xs []*Exchange
		done := map[*Exchange]int{}
		o := Options{Header: 1 << 12, Event: func(e Event) {
			if e.Kind == RequestHead {
				xs = append(xs, e.Exchange)
			}
			if e.Kind == Done {
				done[e.Exchange]++
			}
		}}
		if kind&1 == 1 {
			o.Page = page502
		}
		if kind&2 == 2 {
			o.Change = func(*Exchange, Side) Changes { return Changes{Body: &upper{}} }
		}
		m := NewH2(o)
		reads := newStrict2(t)
		for _, x := range inPieces(say, pattern) {
			from := Client
			if x[0] == 's' {
				from = Server
			}
			m.Receive(from, []byte(x[2:]))
			reads.hears(Client, m.Output(Server))
			reads.hears(Server, m.Output(Client))
		}
		m.End(Client, InOrder, nil)
		m.End(Server, InOrder, nil)
		reads.hears(Server, m.Output(Client))
		for _, x := range xs {
			if done[x] != 1 {
				t.Fatalf("%v was told of %d times", x.Request, done[x])
			}
		}
	})
}
