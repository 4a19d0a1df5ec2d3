package relay

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// end2 writes frames as one end does, with its own table.
type end2 struct {
	b    bytes.Buffer // the block
	enc  *hpack.Encoder
	side string

	shift uint32 // what is added to a stream's number
}

func newEnd2(side string) *end2 {
	e := &end2{side: side}
	e.enc = hpack.NewEncoder(&e.b)
	return e
}

// fields is a block; each pair is "name: value".
func (e *end2) fields(pairs ...string) []byte {
	e.b.Reset()
	for _, p := range pairs {
		i := strings.Index(p[1:], ":") + 1
		if err := e.enc.WriteField(hpack.HeaderField{Name: p[:i], Value: strings.TrimSpace(p[i+1:])}); err != nil {
			panic(err)
		}
	}
	return bytes.Clone(e.b.Bytes())
}

// head is a HEADERS frame.
func (e *end2) head(id uint32, flags http2.Flags, pairs ...string) string {
	return e.side + ":" + string(frame(nil, http2.FrameHeaders, flags|http2.FlagHeadersEndHeaders, id+e.shift, e.fields(pairs...)))
}

// literals is a block that no table has to do with; the values are as they stand, behind ": ".
func (e *end2) literals(pairs ...string) (block []byte) {
	for _, p := range pairs {
		i := strings.Index(p[1:], ": ") + 1
		block = literal(block, hpack.HeaderField{Name: p[:i], Value: p[i+2:]})
	}
	return block
}

// spaced is a request with a field that a pair cannot say.
func (e *end2) spaced(id uint32, pairs []string, name, value string) string {
	block := literal(e.fields(pairs...), hpack.HeaderField{Name: name, Value: value})
	return e.side + ":" + string(frame(nil, http2.FrameHeaders, endStream|http2.FlagHeadersEndHeaders, id+e.shift, block))
}

func (e *end2) send(kind http2.FrameType, flags http2.Flags, id uint32, payload string) string {
	if id != 0 {
		id += e.shift
	}
	return e.side + ":" + string(frame(nil, kind, flags, id, []byte(payload)))
}

func u32(n ...uint32) string {
	var b []byte
	for _, n := range n {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return string(b)
}

func setting(id http2.SettingID, n uint32) string {
	return string(binary.BigEndian.AppendUint16(nil, uint16(id))) + u32(n)
}

const endStream = http2.FlagHeadersEndStream // DATA has the same

// play2 plays a row to an H2.
func play2(r *row, n int) *heard {
	return playWith(r, n, func(o Options) machine { return NewH2(o) })
}

// playWith plays a row to a machine.
func playWith(r *row, n int, machineOf func(Options) machine) *heard {
	return playInto(&heard{}, r, n, machineOf, nil)
}

// playInto is playWith, and others is what else a row says.
func playInto(h *heard, r *row, n int, machineOf func(Options) machine, others map[string]func()) *heard {
	o := r.o
	kept := map[string]int{}
	o.Event = func(e Event) {
		i := 0
		for i < len(h.xs) && h.xs[i] != e.Exchange {
			i++
		}
		if i == len(h.xs) {
			h.xs = append(h.xs, e.Exchange)
		}
		key := fmt.Sprint(i, e.From)
		if at, ok := kept[key]; ok && e.Kind == Body {
			h.events[at] += string(e.Data)
			return
		}
		if e.Kind == Body {
			kept[key] = len(h.events)
		}
		s := told(i, e)
		if f := e.Exchange.Fault; e.Kind == Done && f != nil {
			s += ": " + f.Err.Error()
		}
		h.events = append(h.events, s)
	}
	m := machineOf(o)
	if others == nil {
		others = map[string]func(){}
	}
	others["sw"] = func() { m.Withhold(errReset) }
	h.drive(r, n, m, others)
	return h
}

// TestH2: whatever the two ends say goes on as it came, in whatever pieces; and it is told what
// it was.
func TestH2(t *testing.T) {
	var c, s *end2
	get := func(id uint32, more ...string) string {
		return c.head(id, endStream, append([]string{":method: GET", ":scheme: https", ":authority: a", ":path: /50%/x"}, more...)...)
	}
	post := func(id uint32) string {
		return c.head(id, 0, ":method: POST", ":scheme: https", ":authority: a", ":path: /p", "content-length: 5")
	}
	for _, x := range []struct {
		name   string
		say    func() []string
		events string
	}{
		{"one", func() []string {
			return []string{get(1, "x-long: "+strings.Repeat("y", 300)), s.head(1, 0, ":status: 200", "x-a: \xe9"), s.send(http2.FrameData, endStream, 1, "ok")}
		},
			"0 request GET /50%/x\n0 request_over\n0 reply 200\n0 body s:ok\n0 reply_over\n0 done"},
		{"the table is remembered", func() []string {
			return []string{get(1, "x-b: remember"), s.head(1, endStream, ":status: 200", "x-c: me"), get(3, "x-b: remember"), s.head(3, endStream, ":status: 200", "x-c: me")}
		},
			"0 request GET /50%/x\n0 request_over\n0 reply 200\n0 reply_over\n0 done\n1 request GET /50%/x\n1 request_over\n1 reply 200\n1 reply_over\n1 done"},
		{"early hints, and no field that nobody sent", func() []string {
			return []string{get(1), s.head(1, 0, ":status: 103", "link: </a>"), s.head(1, 0, ":status: 200"), s.send(http2.FrameData, endStream, 1, "ok")}
		},
			"0 request GET /50%/x\n0 request_over\n0 interim 103\n0 reply 200\n0 body s:ok\n0 reply_over\n0 done"},
		{"trailers both ways, padding, priority, what nobody knows", func() []string {
			return []string{post(1), c.send(http2.FrameData, http2.FlagDataPadded, 1, "\x02hello\x00\x00"), c.send(http2.FramePriority, 0, 1, "\x00\x00\x00\x00\x10"), c.send(http2.FrameType(0xbe), 3, 7, "whatever"),
				c.head(1, endStream, "sum: 1"), s.send(http2.FrameWindowUpdate, 0, 0, u32(5)), s.head(1, 0, ":status: 200"), s.send(http2.FrameData, 0, 1, "x"), s.head(1, endStream, "grpc-status: 0"), c.send(http2.FramePing, 0, 0, "12345678")}
		},
			"0 request POST /p\n0 body c:hello\n0 trailers c:[{sum 1}]\n0 request_over\n0 reply 200\n0 body s:x\n0 trailers s:[{grpc-status 0}]\n0 reply_over\n0 done"},
		{"a refused stream", func() []string {
			return []string{get(1), s.send(http2.FrameRSTStream, 0, 1, u32(uint32(http2.ErrCodeRefusedStream))), get(3), s.head(3, endStream, ":status: 204")}
		},
			"0 request GET /50%/x\n0 request_over\n0 done server left: RST_STREAM REFUSED_STREAM\n1 request GET /50%/x\n1 request_over\n1 reply 204\n1 reply_over\n1 done"},
		{"an early reply", func() []string {
			return []string{post(1), c.send(http2.FrameData, 0, 1, "he"), s.head(1, endStream, ":status: 413"), s.send(http2.FrameRSTStream, 0, 1, u32(0)), c.send(http2.FrameData, endStream, 1, "llo")}
		},
			"0 request POST /p\n0 body c:he\n0 reply 413\n0 reply_over\n0 done early"},
		{"a client that cancels", func() []string {
			return []string{get(1), s.head(1, 0, ":status: 200"), c.send(http2.FrameRSTStream, 0, 1, u32(uint32(http2.ErrCodeCancel))), s.send(http2.FrameData, 0, 1, "late")}
		},
			"0 request GET /50%/x\n0 request_over\n0 reply 200\n0 done client left: RST_STREAM CANCEL"},
		{"GOAWAY", func() []string {
			return []string{get(1), get(3), s.send(http2.FrameGoAway, 0, 0, u32(1, 0)+"why"), s.head(1, endStream, ":status: 200"), "s!"}
		},
			"0 request GET /50%/x\n0 request_over\n1 request GET /50%/x\n1 request_over\n1 done server left: GOAWAY NO_ERROR\n0 reply 200\n0 reply_over\n0 done"},
		{"GOAWAY, and requests that were on their way", func() []string {
			return []string{get(1), s.send(http2.FrameGoAway, 0, 0, u32(1, 0)), get(3), post(5), c.send(http2.FrameData, endStream, 5, "hello"), c.send(http2.FrameRSTStream, 0, 3, u32(uint32(http2.ErrCodeCancel))), s.head(1, endStream, ":status: 200"), "s!"}
		},
			"0 request GET /50%/x\n0 request_over\n1 request GET /50%/x\n1 request_over\n1 done server left: GOAWAY NO_ERROR\n2 request POST /p\n2 done server left: GOAWAY NO_ERROR\n0 reply 200\n0 reply_over\n0 done"},
		{"a server that hangs up", func() []string { return []string{get(1), "s!"} }, "0 request GET /50%/x\n0 request_over\n0 done server left: unexpected EOF"},
		{"a client that vanishes", func() []string { return []string{get(1), "c#"} }, "0 request GET /50%/x\n0 request_over\n0 done client left: reset"},
		{"a WebSocket", func() []string {
			return []string{c.head(1, 0, ":method: CONNECT", ":protocol: websocket", ":scheme: https", ":path: /ws", ":authority: a"), s.head(1, 0, ":status: 200"), s.send(http2.FrameData, 0, 1, "\x81\x02hi"), c.send(http2.FrameData, endStream, 1, "\x88\x80"), s.send(http2.FrameData, endStream, 1, "")}
		},
			"0 request CONNECT /ws\n0 reply 200\n0 body s:\x81\x02hi\n0 body c:\x88\x80\n0 request_over\n0 reply_over\n0 done"},
		{"a push", func() []string {
			return []string{get(1), "s:" + string(frame(nil, http2.FramePushPromise, http2.FlagPushPromiseEndHeaders, 1, append([]byte{0, 0, 0, 2}, s.fields(":method: GET", ":scheme: https", ":authority: a", ":path: /pushed")...))), s.head(2, endStream, ":status: 200"), s.head(1, endStream, ":status: 200")}
		},
			"0 request GET /50%/x\n0 request_over\n1 request GET /pushed\n1 request_over\n1 reply 200\n1 reply_over\n1 done\n0 reply 200\n0 reply_over\n0 done"},
	} {
		t.Run(x.name, func(t *testing.T) {
			c, s = newEnd2("c"), newEnd2("s")
			r := &row{say: append(begin2(c, s), x.say()...)}
			want := strings.TrimSpace(x.events)
			for _, n := range []int{0, 1, 7} {
				h := play2(r, n)
				if got := strings.Join(h.events, "\n"); got != want {
					t.Errorf("in pieces of %d:\n%s\nwant:\n%s", n, got, want)
				}
				w := same("", r.say...)
				if string(h.toServer) != w.toServer || string(h.toClient) != w.toClient {
					t.Errorf("in pieces of %d the server heard %q, not %q; the client %q, not %q", n, h.toServer, w.toServer, h.toClient, w.toClient)
				}
			}
		})
	}
}

// begin2 is what a connection begins with.
func begin2(c, s *end2) []string {
	return []string{"c:" + http2.ClientPreface, c.send(http2.FrameSettings, 0, 0, setting(http2.SettingEnablePush, 0)+setting(http2.SettingHeaderTableSize, 65536)),
		s.send(http2.FrameSettings, 0, 0, setting(http2.SettingMaxConcurrentStreams, 3)+setting(http2.SettingID(8), 1)), c.send(http2.FrameSettings, http2.FlagSettingsAck, 0, ""), s.send(http2.FrameSettings, http2.FlagSettingsAck, 0, "")}
}

// TestH2Refuses: what cannot be looked into does not go on.
func TestH2Refuses(t *testing.T) {
	c, s := newEnd2("c"), newEnd2("s")
	for _, x := range []struct {
		name string
		say  string
		rule Rule
	}{
		{"no preface", "c:GET / HTTP/1.1\r\n\r\n", RulePreface},
		{"a block that is none", "c:" + string(frame(nil, http2.FrameHeaders, http2.FlagHeadersEndHeaders, 1, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})), RuleCompression},
		{"a frame amid a block", "c:" + string(frame(nil, http2.FrameHeaders, 0, 1, nil)) + string(frame(nil, http2.FrameData, 0, 1, nil)), RuleFrame},
		{"a block without end", "c:" + string(frame(nil, http2.FrameHeaders, 0, 1, nil)) + strings.Repeat(string(frame(nil, http2.FrameContinuation, 0, 1, make([]byte, 1000))), 1100), RuleHeadTooLong},
		{"more padding than there is", c.send(http2.FrameData, http2.FlagDataPadded, 1, "\x05ab"), RuleFrame},
		{"a reset that is none", s.send(http2.FrameRSTStream, 0, 1, "abc"), RuleFrame},
		{"settings that are none", s.send(http2.FrameSettings, 0, 0, "abc"), RuleFrame},
		{"a window that is none", s.send(http2.FrameWindowUpdate, 0, 0, "abc"), RuleFrame},
	} {
		m := NewH2(Options{Header: 1 << 14})
		say := x.say
		if x.rule != RulePreface {
			m.Receive(Client, []byte(http2.ClientPreface))
		}
		from := Client
		if say[0] == 's' {
			from = Server
		}
		m.Receive(from, []byte(say[2:]))
		r, ok := m.Broken().(*Refusal)
		if !ok || r.Rule != x.rule || r.From != from || !m.Over() {
			t.Errorf("%s: %v", x.name, m.Broken())
		}
		if n := len(m.client.block); n > 1<<14 {
			t.Errorf("%s: %d bytes are kept", x.name, n)
		}
	}
}

// TestWithheld: a client whose server is gone is told why, in frames that it understands.
func TestWithheld(t *testing.T) {
	c := newEnd2("c")
	r := &row{o: Options{Page: because}, say: []string{"sw", "c:" + http2.ClientPreface, c.send(http2.FrameSettings, 0, 0, ""), c.head(1, endStream, ":method: GET", ":scheme: https", ":path: /")}}
	h := play2(r, 0)
	f := http2.NewFramer(io.Discard, bytes.NewReader(h.toClient))
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	var got []string
	for {
		fr, err := f.ReadFrame()
		if err != nil {
			break
		}
		switch fr := fr.(type) {
		case *http2.MetaHeadersFrame:
			got = append(got, fr.PseudoValue("status"))
		case *http2.DataFrame:
			got = append(got, string(fr.Data()), fmt.Sprint(fr.StreamEnded()))
		default:
			got = append(got, fmt.Sprint(fr.Header().Type, fr.Header().Flags))
		}
	}
	if want := "[SETTINGS 0 SETTINGS 1 502 because true GOAWAY 0]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
	if x := h.xs[0]; x.Fault == nil || x.Fault.Leg != Server || !x.Answered() || len(h.toServer) != 0 {
		t.Errorf("%+v", x)
	}
}

// FuzzH2: whatever the two say, in whatever pieces, goes on as it came, or ends, or is refused; and
// what goes on is well-formed.
func FuzzH2(f *testing.F) {
	c, s := newEnd2("c"), newEnd2("s")
	var client, server string
	for _, x := range append(begin2(c, s), c.head(1, 0, ":method: POST", ":scheme: https", ":path: /", "a: b"), c.send(http2.FrameData, http2.FlagDataPadded|endStream, 1, "\x01abc\x00"), c.head(3, endStream, ":method: POST", ":scheme: https", ":path: /", "Bad: b"), c.head(5, endStream, ":method: GET", ":scheme: https", ":path: /", "a: b"), s.head(1, 0, ":status: 200"), s.send(http2.FrameData, 0, 1, "abc"), s.head(1, endStream, "sum: 1"), s.send(http2.FrameGoAway, 0, 0, u32(1, 0))) {
		if x[0] == 'c' {
			client += x[2:]
		} else {
			server += x[2:]
		}
	}
	f.Add([]byte(client), []byte(server), []byte{}, false)
	f.Add([]byte(client), []byte(server), []byte{0, 8, 3}, true)
	f.Fuzz(func(t *testing.T, client, server, pattern []byte, anew bool) {
		done := map[*Exchange]int{}
		o := Options{Header: 1 << 12, Event: func(e Event) {
			done[e.Exchange] += 0
			if e.Kind == Done {
				done[e.Exchange]++
			}
		}}
		if anew {
			o.Change = func(*Exchange, Side) Changes { return Changes{Body: &upper{}} }
		}
		m := NewH2(o)
		var toServer []byte
		reads := newStrict2(t)
		reads.allows(server)
		for i, x := range inPieces([]string{"c:" + string(client)}, pattern) {
			m.Receive(Client, []byte(x[2:]))
			more := bytes.Clone(m.Output(Server))
			toServer = append(toServer, more...)
			reads.hears(Client, more)
			reads.hears(Server, m.Output(Client))
			n := len(server)
			if len(pattern) > 0 {
				n = min(n, int(pattern[i%len(pattern)]))
			}
			m.Receive(Server, server[:n:n])
			server = server[n:]
			more = bytes.Clone(m.Output(Server))
			toServer = append(toServer, more...)
			reads.hears(Client, more)
			reads.hears(Server, m.Output(Client))
		}
		m.End(Client, InOrder, nil)
		m.End(Server, InOrder, nil)
		for x, n := range done {
			if n != 1 {
				t.Fatalf("%+v was told of %d times", x, n)
			}
		}
		if added := passedOn(client, toServer); !anew && !m.client.anew && added != "" {
			t.Fatalf("%q became %q: %q", client, toServer, added)
		}
	})
}

// passedOn takes the frames of out off those of in, from the first on: it returns what is left of out.
// Frames that a relay adds on its own account are no matter, and each SETTINGS_HEADER_TABLE_SIZE is at the
// bound if it is above.
func passedOn(in, out []byte) string {
	came := framesIn(in)
	for _, f := range framesIn(out) {
		switch {
		case len(f) < frameHeader:
		case http2.FrameType(f[3]) == http2.FrameRSTStream, http2.FrameType(f[3]) == http2.FrameWindowUpdate && binary.BigEndian.Uint32([]byte(f[5:]))&(1<<31-1) == 0:
			continue
		}
		i := 0
		for i < len(came) && !strings.HasPrefix(came[i], f) {
			i++
		}
		if i == len(came) {
			return f
		}
		came = came[i+1:]
	}
	return ""
}

// framesIn are the frames of b, the last as far as it has come.
func framesIn(b []byte) (frames []string) {
	rest, _ := bytes.CutPrefix(bytes.Clone(b), []byte(http2.ClientPreface))
	for len(rest) > 0 {
		n := len(rest)
		if n >= frameHeader {
			n = min(n, frameHeader+int(rest[0])<<16+int(rest[1])<<8+int(rest[2]))
		}
		if n > frameHeader && http2.FrameType(rest[3]) == http2.FrameSettings && rest[4]&byte(http2.FlagSettingsAck) == 0 {
			for p := rest[frameHeader:n]; len(p) >= 6; p = p[6:] {
				if http2.SettingID(binary.BigEndian.Uint16(p)) == http2.SettingHeaderTableSize {
					binary.BigEndian.PutUint32(p[2:], min(binary.BigEndian.Uint32(p[2:]), maxTable))
				}
			}
		}
		frames, rest = append(frames, string(rest[:n])), rest[n:]
	}
	return frames
}
