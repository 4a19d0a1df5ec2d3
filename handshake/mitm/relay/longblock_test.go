package relay

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/http2"
)

// inFrames is a block in frames of n bytes at the most.
func (e *end2) inFrames(id uint32, flags http2.Flags, n int, pairs ...string) string {
	out, block := e.side+":", e.fields(pairs...)
	for kind := http2.FrameHeaders; kind == http2.FrameHeaders || len(block) > 0; kind = http2.FrameContinuation {
		part := block[:min(n, len(block))]
		if block = block[len(part):]; len(block) == 0 {
			flags |= http2.FlagHeadersEndHeaders
		}
		out += string(frame(nil, kind, flags, id, part))
		flags &^= endStream
	}
	return out
}

// longOnes are fields that are too much, each in its way.
func longOnes() map[string][]string {
	var many []string
	for i := range 300 {
		many = append(many, fmt.Sprintf("x-%d: %s", i, strings.Repeat("v", 30)))
	}
	return map[string][]string{
		"a value":                        {"x-l: " + strings.Repeat("\x7e", 6000)},
		"a value that no table can hold": {"x-l: " + strings.Repeat("~", 300_000)},
		"a name":                         {strings.Repeat("n", 300_000) + ": v"},
		"a name and a value":             {strings.Repeat("n", 300_000) + ": " + strings.Repeat("~", 300_000)},
		"many":                           many,
		"one that swells":                strings.Split(strings.TrimSuffix(strings.Repeat("x-l: "+strings.Repeat("v", 900)+"\n", 40), "\n"), "\n"),
	}
}

// TestLongHeads2: a head that is too long ends its stream, and no other, in whatever frames it comes;
// the tables stay in step, and no more is held of it than of another.
func TestLongHeads2(t *testing.T) {
	ask := []string{":method: GET", ":scheme: https", ":authority: a", ":path: /"}
	for name, long := range longOnes() {
		for _, size := range []int{1 << 24, 16384, 1000} {
			for _, n := range []int{0, 1000} {
				c, s := newEnd2("c"), newEnd2("s")
				get := func(id uint32, more ...string) string {
					return c.head(id, endStream, append(ask[:4:4], more...)...)
				}
				say := append(begin2(c, s), get(1, "x-a: 1"), c.inFrames(3, endStream, size, append(append(ask[:4:4], "x-a: 1", "x-b: 2"), append(long, "x-c: 3")...)...), get(5, "x-a: 1", "x-b: 2", "x-c: 3"),
					s.head(1, endStream, ":status: 204", "x-a: 1"), s.inFrames(5, endStream, size, append([]string{":status: 200", "x-b: 2"}, append(long, "x-c: 3")...)...), get(7, "x-c: 3"), s.head(7, 0, ":status: 200", "x-a: 1", "x-b: 2", "x-c: 3"),
					s.inFrames(7, endStream, size, append(long, "x-c: 3")...), get(9, "x-c: 3"), s.inFrames(9, 0, size, append([]string{":status: 103"}, long...)...),
					get(11, "x-c: 3"), s.head(11, endStream, ":status: 204", "x-c: 3"))
				reads, most := newStrict2(t), 0
				m := (*H2)(nil)
				h := playWith(&row{o: Options{Header: 1 << 12, Page: page502, Event: func(Event) {}}, say: say}, n, func(o Options) machine { m = NewH2(o); return &watched{m, &most} })
				reads.hears(Client, h.toServer)
				reads.hears(Server, h.toClient)
				const page = " content-type=text/plain; charset=utf-8\n%d DATA no END\n"
				if got, want := strings.Join(reads.lines[0], "\n"), "1 HEADERS :method=GET x-a=1 END\n5 HEADERS :method=GET x-a=1 x-b=2 x-c=3 END\n5 RST_STREAM ENHANCE_YOUR_CALM\n7 HEADERS :method=GET x-c=3 END\n7 RST_STREAM ENHANCE_YOUR_CALM\n9 HEADERS :method=GET x-c=3 END\n9 RST_STREAM ENHANCE_YOUR_CALM\n11 HEADERS :method=GET x-c=3 END"; got != want {
					t.Errorf("%s in frames of %d, pieces of %d: the server heard\n%s\nwant\n%s", name, size, n, got, want)
				}
				if got, want := strings.Join(reads.lines[1], "\n"), "3 HEADERS :status=431"+fmt.Sprintf(page, 3)+"1 HEADERS :status=204 x-a=1 END\n5 HEADERS :status=502"+fmt.Sprintf(page, 5)+"7 HEADERS :status=200 x-a=1 x-b=2 x-c=3\n7 RST_STREAM INTERNAL_ERROR\n9 HEADERS :status=502"+fmt.Sprintf(page, 9)+"11 HEADERS :status=204 x-c=3 END"; got != want {
					t.Errorf("%s in frames of %d, pieces of %d: the client heard\n%s\nwant\n%s", name, size, n, got, want)
				}
				for i, from := range []Side{"", Client, Server, Server, Server, ""} {
					if f := h.xs[i].Fault; from == "" && f != nil || from != "" && (f == nil || f.Leg != from || f.Refusal == nil || f.Refusal.Rule != RuleHeadTooLong) {
						t.Errorf("%s: exchange %d: %v", name, i, f)
					}
				}
				if bound := 2*4*65536 + 1<<13; n > 0 && most > bound {
					t.Errorf("%s in frames of %d: %d bytes were held", name, size, most)
				}
			}
		}
	}
}

// watched is a machine of which is noted how much it holds of blocks.
type watched struct {
	*H2
	most *int
}

func (w *watched) Receive(from Side, b []byte) {
	w.H2.Receive(from, b)
	f := w.flow(from)
	*w.most = max(*w.most, len(f.block)+len(f.in)+len(f.wire))
}

// TestLongHeadsTranslated: the same where HTTP/2 is translated.
func TestLongHeadsTranslated(t *testing.T) {
	ask := []string{":method: GET", ":scheme: https", ":authority: a", ":path: /"}
	for name, long := range longOnes() {
		c := newEnd2("c")
		say := []string{"c:" + http2.ClientPreface + settings0, c.inFrames(1, endStream, 16384, append(append(ask[:4:4], "x-b: 2"), long...)...), c.head(3, endStream, append(ask[:4:4], "x-b: 2")...), "s:HTTP/1.1 204 No\r\n\r\n"}
		h := playWith(&row{o: Options{Header: 1 << 12, Page: page502}, say: say}, 0, func(o Options) machine { return NewH2toH1(o) })
		if got, want := inWords(t, h.toClient, false), "1 HEADERS :status=431 content-type=text/plain; charset=utf-8\n1 DATA no END\n3 HEADERS :status=204 END"; got != want {
			t.Errorf("%s: the client heard\n%s\nwant\n%s", name, got, want)
		}
		if got := string(h.toServer); strings.Count(got, "GET ") != 1 || !strings.Contains(got, "x-b: 2\r\n") {
			t.Errorf("%s: the server heard %q", name, got)
		}
		s := newEnd2("s")
		say = []string{"c:GET / HTTP/1.1\r\nHost: a\r\n\r\n", "s:" + settings0, s.inFrames(1, endStream, 16384, append([]string{":status: 200", "x-b: 2"}, long...)...)}
		h = playWith(&row{o: Options{Header: 1 << 12}, say: say}, 0, func(o Options) machine {
			o.Answer = func(*Exchange, bool) []byte { return []byte("answer") }
			return NewH1toH2(o)
		})
		if f := h.xs[0].Fault; f == nil || f.Refusal == nil || f.Refusal.Rule != RuleHeadTooLong || string(h.toClient) != "answer" || !strings.HasSuffix(inWords(t, h.toServer, false), "0 GOAWAY 0 NO_ERROR") {
			t.Errorf("%s: %v, the client heard %q, the server %s", name, f, h.toClient, inWords(t, h.toServer, false))
		}
	}
}
