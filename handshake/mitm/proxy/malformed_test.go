package proxy_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"testing"

	"golang.org/x/net/http2"
)

// TestMalformed: of what is malformed in HTTP/2 the entry and the HAR say who sent it and which rule it
// broke, and the next request of the connection is answered.
func TestMalformed(t *testing.T) {
	const all = http2.FlagHeadersEndHeaders | http2.FlagHeadersEndStream
	ask := func(id byte, more ...string) string {
		return frame2(http2.FrameHeaders, all, id, block2(append([]string{":method=GET", ":scheme=https", ":path=/", ":authority=" + wwwName}, more...)...))
	}
	for _, x := range []struct {
		name, want     string
		client, server string
	}{
		{"a request", "client proxy bad_request field RFC 9113 §8.2 400", ask(1, "x=a\r\nEvil: 1"), ""},
		{"a reply", "server proxy bad_reply body_length RFC 9113 §8.1.1 502", ask(1), frame2(http2.FrameHeaders, all, 1, block2(":status=200", "content-length=3"))},
	} {
		t.Run(x.name, func(t *testing.T) {
			o := newScripted(t, func(c *tls.Config) *tls.Config { c.NextProtos = []string{"h2"}; return c })
			u := start(t, o.origin, nil)
			c := u.dial(t, wwwName+":443", &tls.Config{RootCAs: u.pool, ServerName: wwwName, NextProtos: []string{"h2"}})
			s := o.next(t)
			say := func(w io.Writer, text string) {
				if _, err := io.WriteString(w, text); err != nil {
					t.Fatal(err)
				}
			}
			until := func(r io.Reader, kind http2.FrameType, id uint32) {
				fr := http2.NewFramer(nil, r)
				for {
					f, err := fr.ReadFrame()
					if err != nil {
						t.Fatal(err)
					}
					if f.Header().Type == kind && f.Header().StreamID == id {
						return
					}
				}
			}
			say(c, http2.ClientPreface+frame2(http2.FrameSettings, 0, 0, "")+x.client)
			say(s, frame2(http2.FrameSettings, 0, 0, ""))
			if _, err := io.ReadFull(s, make([]byte, len(http2.ClientPreface))); err != nil {
				t.Fatal(err)
			}
			if x.server != "" {
				until(s, http2.FrameHeaders, 1)
				say(s, x.server)
			}
			until(c, http2.FrameData, 1)
			say(c, ask(3))
			until(s, http2.FrameHeaders, 3)
			say(s, frame2(http2.FrameHeaders, all, 3, block2(":status=204")))
			until(c, http2.FrameHeaders, 3)
			es := u.total(t, 2)
			h := harOf(t, es[0])
			got := fmt.Sprint(member(h, "_fault", "side"), " ", member(h, "_fault", "by"), " ", member(h, "_fault", "cause"), " ", member(h, "_fault", "rule"), " ", member(h, "_fault", "ref"), " ", es[0].Status)
			if got != x.want || !es[0].Answered {
				t.Errorf("%s, want %s", got, x.want)
			}
			if sound(t, es[1]); es[1].Status != http.StatusNoContent {
				t.Errorf("the next: %d", es[1].Status)
			}
		})
	}
}
