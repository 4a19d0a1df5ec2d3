package scenario_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	foreign "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/mitm"
	"tlslab/handshake/scenario"
	"tlslab/handshake/suite"
)

// TestHTTP2 plays every kind of lesson under h2: each connection agrees on it, all that is
// said is HTTP/2 to x/net's framer, nothing is HTTP/1.1, and the page arrives.
func TestHTTP2(t *testing.T) {
	h2 := []string{"h2", "http/1.1"}
	for name, o := range map[string]scenario.Options{
		"bare":          {},
		"1.2":           {Kx: []iana.Kx{iana.KxECDHE}},
		"dhe":           {Kx: []iana.Kx{iana.KxDHE}},
		"1.3":           {Version: iana.TLS13},
		"client auth":   {Version: iana.TLS13, ClientAuth: true},
		"retried":       {Version: iana.TLS13, HelloRetry: true, Cookie: true},
		"key update":    {Version: iana.TLS13, KeyUpdate: true, Padding: 7},
		"small records": {Version: iana.TLS13, RecordSizeLimit: 64},
		"id":            {Resume: scenario.ResumeByID},
		"ticket":        {Resume: scenario.ResumeByTicket},
		"psk":           {Resume: scenario.ResumePSK},
		"0rtt":          {Resume: scenario.ResumeEarly},
		"0rtt, retried": {Resume: scenario.ResumeEarly, Cookie: true},
		"external":      {PSK: &handshake.PSK{Identity: []byte("a"), Key: []byte("0123456789abcdef")}},
		"box":           {MITM: true, TrustMITM: true},
		"box, 1.3":      {MITM: true, TrustMITM: true, Version: iana.TLS13},
		"stolen CA":     {MITM: true, StolenCA: true},
		"bytes passed":  {MITM: true, Passthrough: true},
		"rewritten":     {MITM: true, TrustMITM: true, Rewrite: mitm.Rewrite{Old: "hello", New: "howdy"}},
	} {
		t.Run(name, func(t *testing.T) {
			o.ALPN, o.Seed = h2, name
			tr, err := scenario.Run(context.Background(), o, nil)
			if err != nil {
				t.Fatal(err)
			}
			if end := tr.Outcome(); !end.Done {
				t.Fatalf("%+v", end)
			}
			chosen := map[int]string{}
			said := map[string][]byte{}
			var order []string
			for _, e := range tr.Events() {
				switch e := e.(type) {
				case *event.Decision:
					if e.What == event.DecisionALPN {
						chosen[e.Conn] = fmt.Sprint(e.Chosen)
					}
				case *event.Data:
					key := fmt.Sprintf("connection %d, %s %s", e.Conn, e.Party, e.Dir)
					if said[key] == nil {
						order = append(order, key)
					}
					said[key] = append(said[key], e.Data...)
					if got := chosen[e.Conn]; got != "h2" && e.State != event.WaitServerHello { // early data, which goes by the session's
						t.Errorf("%s: the protocol agreed on is %q", key, got)
					}
				}
			}
			if len(said) < 4 {
				t.Fatalf("nobody told of %v", order)
			}
			for _, key := range order {
				b := said[key]
				if bytes.Contains(b, []byte("HTTP/1.1")) {
					t.Errorf("%s: HTTP/1.1 under h2: %q", key, b)
				}
				for _, part := range bytes.Split(b, []byte(foreign.ClientPreface)) { // more than one where early data was refused
					if got := read(t, part); !slices.Contains([]string{"",
						"SETTINGS HEADERS", // refused, or replayed
						"SETTINGS HEADERS SETTINGS GOAWAY",
						"SETTINGS SETTINGS HEADERS DATA"}, got) {
						t.Errorf("%s: %s", key, got)
					}
				}
			}
			page := "hello, you.\n"
			if o.Rewrite.New != "" {
				page = "howdy, you.\n"
			}
			if got := tr.Outcome().Received; !strings.HasSuffix(got, page) {
				t.Errorf("the client got %q", got)
			}
		})
	}
}

// read has x/net read frames, and names them.
func read(t *testing.T, b []byte) string {
	t.Helper()
	f := foreign.NewFramer(nil, bytes.NewReader(b))
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	var types []string
	for {
		frame, err := f.ReadFrame()
		if err == io.EOF {
			return strings.Join(types, " ")
		}
		if err != nil {
			t.Errorf("%v after %v", err, types)
			return ""
		}
		types = append(types, frame.Header().Type.String())
	}
}

// TestEarlyHTTP2 holds that the request went as early data, and was taken as such.
func TestEarlyHTTP2(t *testing.T) {
	tr, err := scenario.Run(context.Background(), scenario.Options{Seed: "1", Resume: scenario.ResumeEarly, ALPN: []string{"h2"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var first *event.Data
	decision := ""
	for _, e := range tr.Flow("resumed").Events {
		switch e := e.(type) {
		case *event.Data:
			if first == nil {
				first = e
			}
		case *event.Decision:
			if e.What == event.DecisionEarlyData {
				decision = fmt.Sprint(e.Chosen)
			}
		}
	}
	if decision != "accepted" || first == nil || first.State != event.WaitServerHello || !bytes.HasPrefix(first.Data, []byte(foreign.ClientPreface)) {
		t.Errorf("early data was %s; first came %+v", decision, first)
	}
	if replayed := tr.Flow("replayed_early_data"); replayed == nil || scenario.SceneOf[*scenario.EarlyDataActed](replayed).Times != 2 {
		t.Error("the replayed request did not work")
	}
}

// TestALPNRefused holds that what makes no lesson under ALPN is refused, and by which option.
func TestALPNRefused(t *testing.T) {
	h2 := []string{"h2"}
	for name, c := range map[string]struct {
		o      scenario.Options
		option string // "" where it is none
		why    string
	}{
		"an unknown name":         {scenario.Options{ALPN: []string{"h2", "spdy/3"}}, "ALPN", `can speak h2 and http/1.1, and not "spdy/3"`},
		"an unknown name, spoken": {scenario.Options{ALPN: []string{"spdy/3"}, Request: "a", Reply: "b"}, "", ""},
		"no name":                 {scenario.Options{ALPN: []string{""}, Request: "a", Reply: "b"}, "ALPN", "1 to 255 bytes"},
		"half a request":          {scenario.Options{ALPN: h2, Request: "a"}, "ALPN", "both"},
		"RSA key exchange":        {scenario.Options{ALPN: h2, Kx: []iana.Kx{iana.KxRSA}}, "Suites", "RFC 9113 §9.2.2"},
		"CBC":                     {scenario.Options{ALPN: h2, Suites: []*suite.Suite{suite.ByID(0xc027)}}, "Suites", "RFC 9113 §9.2.2"},
		"compression":             {scenario.Options{ALPN: h2, Compress: true, Kx: []iana.Kx{iana.KxECDHE}}, "Compress", "RFC 9113 §9.2.1"},
		"a longer page":           {scenario.Options{ALPN: h2, MITM: true, Rewrite: mitm.Rewrite{Old: "hello", New: "good day"}}, "Rewrite", "5 bytes, not 8"},
		"without TLS first":       {scenario.Options{ALPN: h2, Plain: true}, "Plain", "ALPN"},
		"RSA, HTTP/1.1 first":     {scenario.Options{ALPN: []string{"http/1.1", "h2"}, Kx: []iana.Kx{iana.KxRSA}, Compress: true, Plain: true}, "", ""},
		"MAC alone, TLS 1.3":      {scenario.Options{ALPN: h2, Suites: []*suite.Suite{suite.ByID(0xc0b4)}}, "", ""},
	} {
		c.o.Seed = "1"
		tr, err := scenario.Run(context.Background(), c.o, nil)
		var refused *scenario.OptionsError
		switch {
		case c.option == "" && (err != nil || !tr.Outcome().Done):
			t.Errorf("%s: %v", name, err)
		case c.option != "" && (!errors.As(err, &refused) || refused.Option != c.option || !strings.Contains(refused.Why, c.why)):
			t.Errorf("%s: %v", name, err)
		}
	}
}
