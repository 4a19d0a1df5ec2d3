package relay

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// twice says each piece of a body twice.
type twice struct{}

func (twice) Add(dst, p []byte) []byte { return append(append(dst, p...), p...) }
func (twice) End(dst []byte) []byte    { return dst }

// changeTwice changes bodies both ways.
var changeTwice = Options{Change: func(*Exchange, Side) Changes { return Changes{Body: twice{}} }}

// receive2 has m hear what was said, and returns what each side is sent.
func receive2(m *H2, say ...string) (toServer, toClient []byte) {
	for _, s := range say {
		from := Client
		if s[0] == 's' {
			from = Server
		}
		m.Receive(from, []byte(s[2:]))
		toServer, toClient = append(toServer, m.Output(Server)...), append(toClient, m.Output(Client)...)
	}
	return toServer, toClient
}

// frames2 is each frame in a line, without what is of flow control.
func frames2(t *testing.T, b []byte) string {
	t.Helper()
	b = bytes.TrimPrefix(b, []byte(http2.ClientPreface))
	f := http2.NewFramer(nil, bytes.NewReader(b))
	var lines []string
	for {
		fr, err := f.ReadFrame()
		if err != nil {
			return strings.Join(lines, "\n")
		}
		switch fr := fr.(type) {
		case *http2.DataFrame:
			lines = append(lines, fmt.Sprintf("DATA %.20s %v", fr.Data(), fr.StreamEnded()))
		case *http2.HeadersFrame:
			s := "HEADERS"
			if fr.HasPriority() {
				s += fmt.Sprintf(" %d/%v/%d", fr.Priority.StreamDep, fr.Priority.Exclusive, fr.Priority.Weight)
			}
			block := fr.HeaderBlockFragment()
			if len(block) > 0 && block[0] == 0x20 {
				s += " size=0"
			}
			fields, err := hpack.NewDecoder(4096, nil).DecodeFull(block)
			if err != nil {
				t.Error(err)
			}
			for _, x := range fields {
				if x.Name == ":scheme" || x.Name == ":path" && x.Value == "/" || x.Name == ":authority" && x.Value == "a" {
					continue // as they are in every request here
				}
				s += " " + x.Name + "=" + x.Value
			}
			lines = append(lines, s)
		case *http2.RSTStreamFrame:
			lines = append(lines, "RST_STREAM "+fr.ErrCode.String())
		case *http2.GoAwayFrame:
			lines = append(lines, fmt.Sprintf("GOAWAY %d", fr.LastStreamID))
		case *http2.PriorityFrame:
			lines = append(lines, fmt.Sprintf("PRIORITY %d", fr.StreamDep))
		case *http2.PushPromiseFrame:
			lines = append(lines, fmt.Sprintf("PUSH_PROMISE %d", fr.PromiseID))
		case *http2.PingFrame:
			lines = append(lines, "PING")
		case *http2.PriorityUpdateFrame:
			lines = append(lines, fmt.Sprintf("UPDATE %d %s", fr.PrioritizedStreamID, fr.Priority))
		case *http2.SettingsFrame, *http2.WindowUpdateFrame:
		default:
			lines = append(lines, fmt.Sprint(fr))
		}
	}
}

// TestWebSocket2IsNotChanged: behind an extended CONNECT comes another protocol (RFC 8441).
func TestWebSocket2IsNotChanged(t *testing.T) {
	c, s := newEnd2("c"), newEnd2("s")
	m := NewH2(changeTwice)
	toServer, toClient := receive2(m, append(begin2(c, s), c.head(1, 0, ":method: CONNECT", ":protocol: websocket", ":scheme: https", ":path: /", ":authority: a"), s.head(1, 0, ":status: 200"),
		s.send(http2.FrameData, 0, 1, "hi"), c.send(http2.FrameData, 0, 1, "ho"))...)
	if got, want := frames2(t, toServer), "HEADERS :method=CONNECT :protocol=websocket\nDATA ho false"; got != want {
		t.Errorf("the server heard\n%s\nwant\n%s", got, want)
	}
	if got, want := frames2(t, toClient), "HEADERS :status=200\nDATA hi false"; got != want {
		t.Errorf("the client heard\n%s\nwant\n%s", got, want)
	}
}

// TestPriorityIsKept: the five bytes of HEADERS go on with a head that is written anew, and with
// no other.
func TestPriorityIsKept(t *testing.T) {
	c, s := newEnd2("c"), newEnd2("s")
	m := NewH2(changeTwice)
	prioritized := func(id uint32, flags http2.Flags, before string, pairs ...string) string {
		return c.send(http2.FrameHeaders, flags|http2.FlagHeadersPriority|http2.FlagHeadersEndHeaders, id, before+string(c.fields(pairs...)))
	}
	toServer, _ := receive2(m, append(begin2(c, s), prioritized(1, endStream, "\x80\x00\x00\x03\xc8", ":method: GET", ":scheme: https", ":path: /"),
		prioritized(3, endStream|http2.FlagHeadersPadded, "\x00\x00\x00\x00\x01\x07", ":method: HEAD", ":scheme: https", ":path: /"), c.head(5, endStream, ":method: PUT", ":scheme: https", ":path: /"))...)
	if got, want := frames2(t, toServer), "HEADERS 3/true/200 :method=GET\nHEADERS 1/false/7 :method=HEAD\nHEADERS :method=PUT"; got != want {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
}

// TestTableBecomesSmaller: who allowed less of a table hears that it became smaller, in the first
// block behind that, and in the first behind the acknowledgement (RFC 7541 §4.2).
func TestTableBecomesSmaller(t *testing.T) {
	c, s := newEnd2("c"), newEnd2("s")
	m := NewH2(changeTwice)
	toServer, toClient := receive2(m, append(begin2(c, s), s.send(http2.FrameSettings, 0, 0, setting(http2.SettingHeaderTableSize, 0)),
		c.head(1, endStream, ":method: GET", ":scheme: https", ":path: /"), c.head(3, endStream, ":method: GET", ":scheme: https", ":path: /"), c.send(http2.FrameSettings, http2.FlagSettingsAck, 0, ""), c.head(5, endStream, ":method: GET", ":scheme: https", ":path: /"), c.head(7, endStream, ":method: GET", ":scheme: https", ":path: /"),
		s.head(1, endStream, ":status: 200"))...)
	if got, want := frames2(t, toServer), "HEADERS size=0 :method=GET\nHEADERS :method=GET\nHEADERS size=0 :method=GET\nHEADERS :method=GET"; got != want {
		t.Errorf("the server heard\n%s\nwant\n%s", got, want)
	}
	if got, want := frames2(t, toClient), "HEADERS :status=200"; got != want { // it allowed more than before
		t.Errorf("the client heard\n%s\nwant\n%s", got, want)
	}
}

// TestTwoSizeUpdates: RFC 7541 §4.2 has a block begin with two where the table became smaller and
// larger again; behind a field there is none.
func TestTwoSizeUpdates(t *testing.T) {
	for _, x := range []struct {
		block string
		ok    bool
	}{
		{"\x20\x3f\xe1\x1f\x82", true}, {"\x3f\xe1\x07\x3f\xe1\x1f\x82", true}, {"\x20", true}, {"", true},
		{"\x82\x20", false}, {"\x3f\xe1", false}, {"\x3f\xff\xff\xff\xff\x0f\x82", false},
	} {
		c, s := newEnd2("c"), newEnd2("s")
		m := NewH2(Options{})
		receive2(m, append(begin2(c, s), c.head(1, endStream, ":method: GET", ":scheme: https", ":path: /", "a: b"), c.send(http2.FrameHeaders, endStream|http2.FlagHeadersEndHeaders, 3, x.block))...)
		if m.Over() == x.ok {
			t.Errorf("%x: over %v", x.block, m.Over())
		}
	}
}

// TestReplyBeforeReset: a reply that grew and waits for the client's window arrives whole, also
// where the server resets the stream behind it, and the reset comes last.
func TestReplyBeforeReset(t *testing.T) {
	c, s := newEnd2("c"), newEnd2("s")
	var events []string
	m := NewH2(Options{Change: changeTwice.Change, Event: func(e Event) { events = append(events, string(e.Kind)) }})
	say := append(begin2(c, s), c.head(1, 0, ":method: POST", ":scheme: https", ":path: /"), c.send(http2.FrameData, 0, 1, "begun"), s.head(1, 0, ":status: 413"))
	for i := range 3 {
		flags := http2.Flags(0)
		if i == 2 {
			flags = endStream
		}
		say = append(say, s.send(http2.FrameData, flags, 1, strings.Repeat("x", 16000)))
	}
	say = append(say, s.send(http2.FrameRSTStream, 0, 1, u32(0)))
	toServer, first := receive2(m, say...)
	if got := frames2(t, first); strings.Contains(got, "RST_STREAM") || strings.Contains(got, "true") || !m.Waiting() {
		t.Fatalf("before the window was opened:\n%s", got)
	}
	more, _ := receive2(m, c.send(http2.FrameData, 0, 1, "more"), c.head(1, endStream, "sum: 1"))
	if got, want := frames2(t, append(toServer, more...)), "HEADERS :method=POST\nDATA begunbegun false"; got != want {
		t.Errorf("the server heard\n%s\nwant\n%s", got, want)
	}
	_, rest := receive2(m, c.send(http2.FrameWindowUpdate, 0, 1, u32(1<<16)), c.send(http2.FrameWindowUpdate, 0, 0, u32(1<<16)))
	if got := frames2(t, rest); !strings.HasSuffix(got, " true\nRST_STREAM NO_ERROR") {
		t.Errorf("behind it:\n%s", got)
	}
	if n := bytes.Count(append(first, rest...), []byte("x")); n != 96000 {
		t.Errorf("%d bytes arrived", n)
	}
	if got := strings.Join(events, " "); m.Waiting() || !strings.HasSuffix(got, "reply_over done") || strings.Count(got, "done") != 1 || strings.Count(got, "request ") != 1 {
		t.Errorf("%s", got)
	}
}
