package narrate

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
)

// TestFlights holds the flights of each kind of handshake against the RFCs' figures: RFC 5246
// §7.3, RFC 5077 §3.1, RFC 9846 §2 and Figures 1 to 4. Both ends count the same.
func TestFlights(t *testing.T) {
	const (
		full12  = "1: ClientHello | 2 of 4: ServerHello Certificate ServerKeyExchange ServerHelloDone | 3 of 4: ClientKeyExchange ChangeCipherSpec Finished | 4 of 4: ChangeCipherSpec Finished"
		full13  = "1: ClientHello | 2 of 3: ServerHello ChangeCipherSpec EncryptedExtensions Certificate CertificateVerify Finished | 3 of 3: ChangeCipherSpec Finished"
		retried = "1: ClientHello | 2 of 5: HelloRetryRequest ChangeCipherSpec | 3 of 5: ChangeCipherSpec ClientHello | 4 of 5: ServerHello EncryptedExtensions Certificate CertificateVerify Finished | 5 of 5: Finished"
		psk13   = "1: ClientHello | 2 of 3: ServerHello ChangeCipherSpec EncryptedExtensions Finished | 3 of 3: ChangeCipherSpec Finished"
		early13 = "1: ClientHello ChangeCipherSpec | 2 of 3: ServerHello ChangeCipherSpec EncryptedExtensions Finished | 3 of 3: EndOfEarlyData Finished"
	)
	for _, c := range []struct{ lesson, flow, want string }{
		{"first screen", "rsa", strings.Replace(full12, "ServerKeyExchange ", "", 1)},
		{"first screen", "ecdhe", full12},
		{"first screen", "tls13", full13},
		{"plain, dhe", "dhe", full12},
		{"client auth", "ecdhe", "1: ClientHello | 2 of 4: ServerHello Certificate ServerKeyExchange CertificateRequest ServerHelloDone | 3 of 4: Certificate ClientKeyExchange CertificateVerify ChangeCipherSpec Finished | 4 of 4: ChangeCipherSpec Finished"},
		{"resume id", "resumed", "1: ClientHello | 2 of 3: ServerHello ChangeCipherSpec Finished | 3 of 3: ChangeCipherSpec Finished"},
		{"resume ticket", "full", "1: ClientHello | 2 of 4: ServerHello Certificate ServerHelloDone | 3 of 4: ClientKeyExchange ChangeCipherSpec Finished | 4 of 4: NewSessionTicket ChangeCipherSpec Finished"},
		{"1.3", "tls13", full13},
		{"1.3, no disguise", "tls13", strings.ReplaceAll(full13, "ChangeCipherSpec ", "")},
		{"1.3, retry", "tls13", retried},
		{"1.3, cookie", "tls13", retried},
		{"1.3, key update", "tls13", full13},
		{"1.3, client auth", "tls13", "1: ClientHello | 2 of 3: ServerHello ChangeCipherSpec EncryptedExtensions CertificateRequest Certificate CertificateVerify Finished | 3 of 3: ChangeCipherSpec Certificate CertificateVerify Finished"},
		{"1.3, trusted box", "mitm", full13 + " || " + full13},
		{"resume psk", "resumed", psk13},
		{"resume 0rtt", "resumed", early13},
		{"resume 0rtt, retried", "resumed", "1: ClientHello ChangeCipherSpec | 2 of 5: HelloRetryRequest ChangeCipherSpec | 3 of 5: ClientHello | 4 of 5: ServerHello EncryptedExtensions Finished | 5 of 5: Finished"},
		{"external psk", "psk", psk13},
		{"trusted box", "mitm", full12 + " || " + full12},
		{"untrusted", "rsa", strings.Replace(full12, "ServerKeyExchange ", "", 1)},
	} {
		for _, dir := range []event.Direction{event.Send, event.Receive} {
			got := strings.Join(flightsOf(play(t)[c.lesson], c.flow, dir), " || ")
			if refused := c.lesson == "untrusted"; refused && dir == event.Receive {
				continue // it stops reading where its patience ends
			} else if refused { // what was meant to be is known all the same
				c.want, _, _ = strings.Cut(c.want, " | 3 of 4")
			}
			if got != c.want {
				t.Errorf("%s %s\ngot  %s\nwant %s", c.lesson, dir, got, c.want)
			}
		}
	}
}

// flightsOf are the flights of each connection of a flow, as those who send tell of them, or
// those who receive.
func flightsOf(events []event.Event, flow string, dir event.Direction) (out []string) {
	c := new(Context)
	current := ""
	said := map[int]map[string][]string{}
	var conns []int
	for _, e := range events {
		Myths(e, c)
		if f, ok := e.(*event.Flow); ok {
			current = f.Name
		}
		m, ok := e.(*event.Message)
		if !ok || current != flow {
			continue
		}
		n, of := Flight(m, c)
		if again, all := Flight(m, c); again != n || all != of {
			return []string{"told twice it is another"}
		}
		if m.Dir != dir {
			continue
		}
		head := ""
		switch {
		case n == 0:
			continue
		case of == 0 || n == 1: // read late, it may be known how many there are
			head = fmt.Sprintf("%d", n)
		default:
			head = fmt.Sprintf("%d of %d", n, of)
		}
		if said[m.Conn] == nil {
			said[m.Conn] = map[string][]string{}
			conns = append(conns, m.Conn)
		}
		name := ""
		for _, word := range strings.Split(m.Kind.String(), "_") {
			name += strings.ToUpper(word[:1]) + word[1:]
		}
		said[m.Conn][head] = append(said[m.Conn][head], name)
	}
	for _, conn := range conns {
		heads := slices.Sorted(func(yield func(string) bool) {
			for h := range said[conn] {
				if !yield(h) {
					return
				}
			}
		})
		for i, h := range heads {
			heads[i] = h + ": " + strings.Join(said[conn][h], " ")
		}
		out = append(out, strings.Join(heads, " | "))
	}
	return out
}

// TestNoFlight holds that what is no part of a handshake has no flight.
func TestNoFlight(t *testing.T) {
	c := new(Context)
	at := func(k message.Kind, m message.Message, d event.Direction, s event.State) (int, int) {
		return Flight(&event.Message{Meta: event.Meta{Party: "client", State: s}, Kind: k, Msg: m, Dir: d}, c)
	}
	if n, _ := at(message.KindFinished, &message.Finished{}, event.Send, 0); n != 0 {
		t.Error("a flight without a beginning")
	}
	at(message.KindClientHello, &message.ClientHello{}, event.Send, 0)
	at(message.KindServerHello, &message.ServerHello{Version: iana.TLS12}, event.Receive, 0)
	at(message.KindServerHelloDone, nil, event.Receive, 0)
	at(message.KindFinished, &message.Finished{}, event.Send, 0)
	if n, of := at(message.KindFinished, &message.Finished{}, event.Receive, 0); n != 4 || of != 4 {
		t.Errorf("the last Finished is in %d of %d", n, of)
	}
	if n, _ := at(message.KindHelloRequest, nil, event.Receive, event.Connected); n != 0 {
		t.Error("a HelloRequest has a flight")
	}
	if n, _ := at(message.KindClientHello, &message.ClientHello{}, event.Send, event.Connected); n != 0 {
		t.Error("a ClientHello that renegotiates has a flight")
	}
	for lesson, events := range play(t) {
		c := new(Context)
		for _, e := range events {
			Myths(e, c)
			m, ok := e.(*event.Message)
			if !ok {
				continue
			}
			if n, of := Flight(m, c); of > 0 && n > of || n == 0 && m.Kind != message.KindNewSessionTicket && m.Kind != message.KindKeyUpdate {
				t.Errorf("%s: %s of %s is in flight %d of %d", lesson, m.Kind, m.Party, n, of)
			}
		}
	}
}
