package relay

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// heardFrames is what a client hears, in words.
func heardFrames(b []byte) string {
	f := http2.NewFramer(nil, bytes.NewReader(b))
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	var got []string
	for {
		fr, err := f.ReadFrame()
		if err != nil {
			return strings.Join(got, "; ")
		}
		switch fr := fr.(type) {
		case *http2.SettingsFrame:
		case *http2.MetaHeadersFrame:
			got = append(got, fmt.Sprint(fr.StreamID, " ", fr.PseudoValue("status")))
		case *http2.DataFrame:
			got = append(got, fmt.Sprintf("%d %q %t", fr.StreamID, fr.Data(), fr.StreamEnded()))
		case *http2.GoAwayFrame:
			got = append(got, fmt.Sprint("away ", fr.LastStreamID, " ", fr.ErrCode))
		default:
			got = append(got, fmt.Sprint(fr.Header().Type))
		}
	}
}

// because is a page.
func because(*Exchange) (fields []Field, body string) { return []Field{{":status", "502"}}, "because" }

// TestGoodbye2: where the relay ends it, answers come first, and then one GOAWAY that does not
// say of what went on that it did not.
func TestGoodbye2(t *testing.T) {
	page := Options{Page: because}
	for _, x := range []struct {
		name string
		o    Options
		say  func(c, s *end2) []string
		want string
	}{
		{"a bad frame of the server's", page, func(c, s *end2) []string {
			return []string{c.head(1, endStream, ":method: GET", ":scheme: https", ":path: /"), c.head(3, endStream, ":method: GET", ":scheme: https", ":path: /"), s.send(http2.FrameRSTStream, 0, 1, "x")}
		}, `1 502; 1 "because" true; 3 502; 3 "because" true; away 3 PROTOCOL_ERROR`},
		{"nobody answers", Options{}, func(c, s *end2) []string {
			return []string{c.head(5, endStream, ":method: GET", ":scheme: https", ":path: /"), s.send(http2.FrameRSTStream, 0, 5, "x")}
		}, `away 5 PROTOCOL_ERROR`},
		{"a bad frame of the client's", page, func(c, s *end2) []string {
			return []string{c.head(1, endStream, ":method: GET", ":scheme: https", ":path: /"), c.send(http2.FrameWindowUpdate, 0, 1, "x")}
		}, `away 1 PROTOCOL_ERROR`},
		{"… amid a frame of the server's", page, func(c, s *end2) []string {
			data := s.send(http2.FrameData, 0, 1, "abc")
			return []string{c.head(1, endStream, ":method: GET", ":scheme: https", ":path: /"), s.head(1, 0, ":status: 200"), data[:len(data)-1], c.send(http2.FrameWindowUpdate, 0, 1, "x")}
		}, `1 200`},
		{"ids do not rise", page, func(c, s *end2) []string {
			return []string{c.head(1, endStream, ":method: GET", ":scheme: https", ":path: /"), c.head(3, endStream, ":method: GET", ":scheme: https", ":path: /"), s.send(http2.FrameGoAway, 0, 0, u32(1, 0)), s.send(http2.FrameRSTStream, 0, 1, "x")}
		}, `away 1 NO_ERROR; 1 502; 1 "because" true; away 1 PROTOCOL_ERROR`},
		{"no page on a push", page, func(c, s *end2) []string {
			return []string{c.head(1, 0, ":method: GET", ":scheme: https", ":path: /"), s.send(http2.FramePushPromise, http2.FlagPushPromiseEndHeaders, 1, u32(2)+string(s.fields(":method: GET", ":scheme: https", ":path: /"))), s.head(1, endStream, ":status: 200"), "s#"}
		}, `PUSH_PROMISE; 1 200`},
		{"a small window", page, func(c, s *end2) []string {
			return []string{c.send(http2.FrameSettings, 0, 0, setting(http2.SettingInitialWindowSize, 4)), c.head(1, endStream, ":method: GET", ":scheme: https", ":path: /"), "s#"}
		}, `1 502; 1 "beca" true; away 1 NO_ERROR`},
		{"no window", page, func(c, s *end2) []string {
			say := []string{c.head(1, endStream, ":method: GET", ":scheme: https", ":path: /"), c.head(3, endStream, ":method: GET", ":scheme: https", ":path: /"), s.head(1, 0, ":status: 200")}
			for range 4 {
				say = append(say, s.send(http2.FrameData, 0, 1, strings.Repeat("x", 1<<14-1)))
			}
			return append(say, "s#")
		}, `1 200; ` + strings.Repeat(fmt.Sprintf("1 %q false; ", strings.Repeat("x", 1<<14-1)), 4) + `3 502; 3 "bec" true; away 3 NO_ERROR`},
	} {
		c, s := newEnd2("c"), newEnd2("s")
		h := play2(&row{o: x.o, say: append(begin2(c, s), x.say(c, s)...)}, 0)
		if got := heardFrames(h.toClient); got != x.want {
			t.Errorf("%s: %s\nwant %s", x.name, got, x.want)
		}
	}
}

// TestLate2: trailers behind a reset are no request, and a push has an id of its own.
func TestLate2(t *testing.T) {
	for _, o := range []Options{{}, {Change: func(*Exchange, Side) Changes { return Changes{} }}} {
		c, s := newEnd2("c"), newEnd2("s")
		h := play2(&row{o: o, say: append(begin2(c, s), c.head(1, 0, ":method: POST", ":scheme: https", ":path: /"), s.head(1, endStream, ":status: 413"), s.send(http2.FrameRSTStream, 0, 1, u32(0)), c.head(1, endStream, "sum: 1"), c.head(2, endStream, ":method: GET", ":scheme: https", ":path: /"))}, 0)
		if len(h.xs) != 1 {
			t.Errorf("%d requests: %v", len(h.xs), h.events)
		}
	}
	push := func(e *end2, id uint32) string {
		return e.send(http2.FramePushPromise, http2.FlagPushPromiseEndHeaders, 1, u32(id)+string(e.fields(":method: GET", ":scheme: https", ":path: /")))
	}
	for name, say := range map[string]func(c, s *end2) []string{
		"in use":       func(c, s *end2) []string { return []string{push(s, 1)} },
		"odd":          func(c, s *end2) []string { return []string{push(s, 3)} },
		"none":         func(c, s *end2) []string { return []string{push(s, 0)} },
		"again":        func(c, s *end2) []string { return []string{push(s, 2), push(s, 2)} },
		"falling":      func(c, s *end2) []string { return []string{push(s, 4), push(s, 2)} },
		"the client's": func(c, s *end2) []string { return []string{push(c, 2)} },
		"too many": func(c, s *end2) (say []string) {
			for id := range uint32(maxStreams) {
				say = append(say, push(s, 2*id+2))
			}
			return say
		},
	} {
		c, s := newEnd2("c"), newEnd2("s")
		h := play2(&row{say: append(append(begin2(c, s), c.head(1, 0, ":method: POST", ":scheme: https", ":path: /")), say(c, s)...)}, 0)
		f := h.xs[0].Fault
		want := RuleFrame
		if name == "too many" {
			want = RuleStreams
		}
		if f == nil || f.Refusal == nil || f.Refusal.Rule != want {
			t.Errorf("%s: %v", name, f)
		}
	}
}

// TestBounds: neither a client that does not wait, nor one that does not read, nor one that says
// much with little makes the relay hold more and more.
func TestBounds(t *testing.T) {
	h1 := NewH1(Options{})
	for range maxUnder {
		if !h1.Wants(Client) {
			t.Fatal("HTTP/1.1 stops early")
		}
		h1.Receive(Client, []byte(get1))
	}
	if h1.Wants(Client) || !h1.Wants(Server) {
		t.Error("HTTP/1.1: more is wanted")
	}
	h1.Receive(Server, []byte("HTTP/1.1 204 No\r\n\r\n"))
	if !h1.Wants(Client) {
		t.Error("HTTP/1.1: no more is wanted")
	}

	c, s := newEnd2("c"), newEnd2("s")
	h2 := NewH2(Options{Header: 1 << 12, Change: func(*Exchange, Side) Changes { return Changes{} }})
	for _, say := range append(begin2(c, s), c.head(1, 0, ":method: POST", ":scheme: https", ":path: /"), s.send(http2.FrameRSTStream, 0, 1, u32(8))) {
		h2.Receive(map[byte]Side{'c': Client, 's': Server}[say[0]], []byte(say[2:]))
	}
	data, n := []byte(c.send(http2.FrameData, 0, 1, "x")[2:]), 0
	for ; h2.Wants(Client) && n < 1<<20; n++ {
		h2.Receive(Client, data)
		h2.Output(Server)
	}
	if n == 1<<20 {
		t.Error("HTTP/2: a client that does not read is read")
	}
	if h2.Output(Client); !h2.Wants(Client) {
		t.Error("HTTP/2: no more is wanted")
	}

	var fault error
	h2 = NewH2(Options{Header: 1 << 12, Event: func(e Event) {
		if e.Kind == Done {
			fault = e.Exchange.Fault.Err
		}
	}})
	h2.Receive(Client, []byte(http2.ClientPreface))
	field := "x: " + strings.Repeat("y", 1000)
	id := uint32(1)
	for ; !h2.Over() && id < maxStreams; id += 2 {
		h2.Receive(Client, []byte(c.head(id, 0, ":method: POST", ":scheme: https", ":path: /", field, field, field)[2:]))
	}
	if r, ok := fault.(*Refusal); !ok || r.Rule != RuleAllHeads {
		t.Errorf("HTTP/2: the fields of %d streams are kept: %v", id/2, r)
	}
}
