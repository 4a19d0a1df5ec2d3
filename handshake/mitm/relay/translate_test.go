package relay

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/http2"
)

// TestSmuggling21: what a client of HTTP/2 says that a reader of HTTP/1.1 could read in two ways
// goes no further; nor does what would be another request there. The one behind it does, where the
// server's connection can still be asked.
func TestSmuggling21(t *testing.T) {
	head := func(more ...string) func(c *end2) []string {
		return func(c *end2) []string { return []string{c.head(1, endStream, ask("GET", "/1", more...)...)} }
	}
	first := func(fields ...string) func(c *end2) []string {
		return func(c *end2) []string { return []string{c.head(1, endStream, fields...)} }
	}
	body := func(flags http2.Flags, data string, more ...string) func(c *end2) []string {
		return func(c *end2) []string {
			return []string{c.head(1, 0, ask("POST", "/1", more...)...), c.send(http2.FrameData, flags, 1, data)}
		}
	}
	trailer := func(more ...string) func(c *end2) []string {
		return func(c *end2) []string {
			return []string{c.head(1, 0, ask("POST", "/1")...), c.head(1, endStream, more...)}
		}
	}
	const m, s, a, p = ":method: GET", ":scheme: https", ":authority: a.test", ":path: /1"
	for name, x := range map[string]struct {
		say  func(c *end2) []string
		rule Rule
	}{
		"CR LF in a value":             {head("x: y\r\nx-evil: 1"), RuleField2},
		"a whole request in a value":   {head("x: y\r\n\r\nGET /evil HTTP/1.1\r\nHost: b"), RuleField2},
		"LF in a value":                {head("x: y\nx-evil: 1"), RuleField2},
		"CR in a value":                {head("x: y\rx-evil: 1"), RuleField2},
		"NUL in a value":               {head("x: y\x00z"), RuleField2},
		"white space around a value":   {func(c *end2) []string { return []string{c.spaced(1, ask("GET", "/1"), "x", " y")} }, RuleField2},
		"CR LF in a name":              {head("x\r\ny: z"), RuleField2},
		"a colon in a name":            {func(c *end2) []string { return []string{c.spaced(1, ask("GET", "/1"), "x:y", "z")} }, RuleField2},
		"a space in a name":            {head("x y: z"), RuleField2},
		"a name in capitals":           {head("X: y"), RuleField2},
		"no name":                      {func(c *end2) []string { return []string{c.spaced(1, ask("GET", "/1"), "", "z")} }, RuleField2},
		"a name that Unicode folds":    {head("tran\u017ffer-encoding: chunked"), RuleField2},
		"transfer-encoding":            {head("transfer-encoding: chunked"), RuleField2},
		"connection":                   {head("connection: content-length"), RuleField2},
		"keep-alive":                   {head("keep-alive: 1"), RuleField2},
		"upgrade":                      {head("upgrade: h2c"), RuleField2},
		"proxy-connection":             {head("proxy-connection: x"), RuleField2},
		"te":                           {head("te: chunked"), RuleField2},
		"CR LF in a path":              {first(m, s, a, ":path: /1 HTTP/1.1\r\nHost: b\r\n\r\nGET /evil"), RuleField2},
		"a space in a path":            {first(m, s, a, ":path: /1 HTTP/1.0"), RulePseudo},
		"a tab in a path":              {first(m, s, a, ":path: /1\tx"), RulePseudo},
		"an absolute path":             {first(m, s, a, ":path: http://b/"), RulePseudo},
		"an authority in the path":     {first(m, s, a, ":path: @b/"), RulePseudo},
		"no path":                      {first(m, s, a), RulePseudo},
		"an empty path":                {first(m, s, a, ":path:"), RulePseudo},
		"a star":                       {first(m, s, a, ":path: *"), RulePseudo},
		"a space in a method":          {first(":method: GET /evil HTTP/1.1", s, a, p), RulePseudo},
		"CR LF in a method":            {first(":method: GET / HTTP/1.1\r\nHost: b\r\n\r\nGET", s, a, p), RuleField2},
		"no method":                    {first(s, a, p), RulePseudo},
		"an empty method":              {first(":method:", s, a, p), RulePseudo},
		"two methods":                  {first(m, ":method: POST", s, a, p), RulePseudo},
		"two paths":                    {first(m, s, a, p, ":path: /2"), RulePseudo},
		"two authorities":              {first(m, s, a, ":authority: b", p), RulePseudo},
		"no scheme":                    {first(m, a, p), RulePseudo},
		"another scheme":               {first(m, ":scheme: http", a, p), RuleUntranslatable},
		"a scheme with more":           {first(m, ":scheme: https://b/?", a, p), RulePseudo},
		"an unknown field of its kind": {first(m, s, a, p, ":evil: x"), RulePseudo},
		"a status":                     {first(m, s, a, p, ":status: 200"), RulePseudo},
		"a late one":                   {first(m, s, a, "x: y", p), RulePseudo},
		"a space in an authority":      {first(m, s, ":authority: a b", p), RulePseudo},
		"user in an authority":         {first(m, s, ":authority: u@a.test", p), RulePseudo},
		"a path in an authority":       {first(m, s, ":authority: a.test/evil", p), RulePseudo},
		"another host":                 {head("host: b"), RuleTwoHosts},
		"two hosts":                    {first(m, s, p, "host: a", "host: a"), RuleTwoHosts},
		"two lengths":                  {body(endStream, "ab", "content-length: 2", "content-length: 3"), RuleTwoLengths},
		"a list of lengths":            {body(endStream, "ab", "content-length: 2, 2"), RuleLength},
		"a signed length":              {body(endStream, "ab", "content-length: +2"), RuleLength},
		"an empty length":              {body(endStream, "ab", "content-length:"), RuleLength},
		"a length and no body":         {head("content-length: 30"), RuleBodyLength},
		"a short body":                 {body(endStream, "ab", "content-length: 30"), RuleBodyLength},
		"a long body":                  {body(endStream, "abGET /evil HTTP/1.1\r\n\r\n", "content-length: 2"), RuleBodyLength},
		"a length of zero and a body":  {body(endStream, "GET /evil HTTP/1.1\r\n\r\n", "content-length: 0"), RuleBodyLength},
		"a length in the trailer":      {trailer("content-length: 3"), RuleTrailer},
		"a host in the trailer":        {trailer("host: b"), RuleTrailer},
		"CR LF in the trailer":         {trailer("x: y\r\n\r\nGET /evil HTTP/1.1"), RuleField2},
		"a path in the trailer":        {trailer(":path: /evil"), RulePseudo},
		"CONNECT":                      {first(":method: CONNECT", a), RuleUntranslatable},
	} {
		for _, n := range []int{0, 1} {
			for _, waits := range []bool{false, true} { // behind another, or the first
				r := row21{say: func(c *end2) []string {
					var say []string
					if waits {
						say = append(say, c.head(1, endStream, ask("GET", "/0")...))
						c.shift = 2
					}
					say = append(say, x.say(c)...)
					c.shift = 0
					say = append(say, c.head(9, endStream, ask("GET", "/2")...))
					if waits {
						say = append(say, "s:"+okReply)
					}
					return append(say, "s:"+okReply)
				}}
				h := r.play(n)
				at := 0
				if waits {
					at = 1
				}
				f := h.xs[at].Fault
				if f == nil || f.Refusal == nil || f.Refusal.Rule != x.rule || f.Leg != Client {
					t.Errorf("%s: %v, want %s", name, f, x.rule)
					continue
				}
				words := inWords(t, h.toClient, false)
				if strings.Contains(string(h.toServer), "evil") || !strings.Contains(words, "RST_STREAM PROTOCOL_ERROR") {
					t.Errorf("%s: the server heard %q, the client %s", name, h.toServer, words)
				}
				whole := 0 // requests that the server heard to their end
				for _, x := range h.xs {
					if x.passed {
						whole++
					}
				}
				if refused := h.fates[0] == Cut || h.fates[0] == Close; !refused && !strings.Contains(string(h.toServer), "GET /2 ") {
					t.Errorf("%s: the one behind it was not asked: %q, %s", name, h.toServer, words)
				}
				readers(t, name, h.toServer, whole)
			}
		}
	}
}

// readers has three readers of HTTP/1.1 read what went on: each finds the same requests, and a part
// of one at the most behind them.
func readers(t testing.TB, name string, wire []byte, whole int) {
	t.Helper()
	r := bufio.NewReader(bytes.NewReader(wire))
	n := 0
	for {
		req, err := http.ReadRequest(r)
		if err != nil {
			break
		}
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			break
		}
		n++
	}
	if n != whole {
		t.Errorf("%s: of %q net/http reads %d requests, want %d", name, wire, n, whole)
	}
	strict := 0
	m := NewH1(Options{Event: func(e Event) {
		if e.Kind == RequestOver {
			strict++
		}
	}})
	m.Receive(Client, wire)
	if strict != whole {
		t.Errorf("%s: of %q a strict reader reads %d requests, want %d", name, wire, strict, whole)
	}
	if l := lenient(wire); l != whole && l != whole+1 {
		t.Errorf("%s: of %q a lenient reader reads %d requests, want %d", name, wire, l, whole)
	}
}

// TestTurns: what waits for its turn is held, and no more than is allowed; it passes when its turn
// comes, and then more may come.
func TestTurns(t *testing.T) {
	c := newEnd2("c")
	full := strings.Repeat("x", heldOfStream)
	say := []string{"c:" + http2.ClientPreface, c.send(http2.FrameSettings, 0, 0, ""), c.send(http2.FrameSettings, http2.FlagSettingsAck, 0, ""), c.head(1, endStream, ask("GET", "/1")...)}
	for id := uint32(3); id < 2*mostStreams; id += 2 { // 1.6 MB: the connection's window does not end it
		say = append(say, c.head(id, 0, ask("POST", "/")...), c.send(http2.FrameData, 0, id, full))
	}
	h := playWith(&row{say: append(say, "s:"+okReply)}, 0, func(o Options) machine { return NewH2toH1(o) })
	words := inWords(t, h.toClient, true)
	if strings.Contains(words, "GOAWAY") || !strings.Contains(words, fmt.Sprintf("3 WINDOW_UPDATE %d", windowOfStream)) || strings.Contains(words, "5 WINDOW_UPDATE") {
		t.Error(words)
	}
	if !strings.Contains(string(h.toServer), full) || strings.Count(string(h.toServer), full) != 1 {
		t.Errorf("%d bytes went to the server", len(h.toServer))
	}
	for name, more := range map[string]string{"a byte more": c.send(http2.FrameData, 0, 5, "x"), "a stream more": c.head(2*mostStreams+1, endStream, ask("GET", "/")...)} {
		h := playWith(&row{say: append(say, more)}, 0, func(o Options) machine { return NewH2toH1(o) })
		if words := inWords(t, h.toClient, false); words != map[string]string{"a byte more": "0 GOAWAY 1 FLOW_CONTROL_ERROR", "a stream more": fmt.Sprintf("%d RST_STREAM REFUSED_STREAM", 2*mostStreams+1)}[name] {
			t.Errorf("%s: %s", name, words)
		}
	}
}

// TestHeldBack: a side that takes nothing is what bounds what the other may say.
func TestHeldBack(t *testing.T) {
	c := newEnd2("c")
	m := NewH2toH1(Options{})
	for _, s := range []string{http2.ClientPreface, c.send(http2.FrameSettings, 0, 0, setting(http2.SettingInitialWindowSize, 0))[2:], c.head(1, endStream, ask("GET", "/1")...)[2:]} {
		m.Receive(Client, []byte(s))
	}
	m.Receive(Server, []byte("HTTP/1.1 200 OK\r\n\r\n"))
	for n := 0; m.Wants(Server); n++ {
		if n > 2*maxHeld/1000 {
			t.Fatal("a server is read without end that a client does not take from")
		}
		m.Receive(Server, make([]byte, 1000))
	}
	m.Receive(Client, []byte(c.send(http2.FrameWindowUpdate, 0, 1, u32(1<<16))[2:]))
	if !m.Wants(Server) {
		t.Error("and not, when the client takes again")
	}
	s := newEnd2("s")
	m2 := NewH1toH2(Options{})
	m2.Receive(Client, []byte("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"))
	m2.Receive(Server, []byte(s.send(http2.FrameSettings, 0, 0, setting(http2.SettingInitialWindowSize, 0))[2:]))
	for n := 0; m2.Wants(Client); n++ {
		if n > 2*maxHeld/1000 {
			t.Fatal("a client is read without end that a server does not take from")
		}
		m2.Receive(Client, make([]byte, 1000))
	}
	m2.Receive(Server, []byte(s.send(http2.FrameWindowUpdate, 0, 1, u32(1<<16))[2:]))
	if !m2.Wants(Client) {
		t.Error("and not, when the server takes again")
	}
}
