package capture_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tlslab/handshake/capture"
	"tlslab/handshake/iana"
)

// moved is where a taken port stands in a file.
var moved = map[uint16]uint16{34980: 34981, 44321: 44323, 44322: 44323, 44818: 44819, 48049: 48050, 48898: 48899, 57000: 57001}

// TestTakenPorts: a stream has no port at which Wireshark expects another protocol, at
// either end; its first packet says what the port was, and no other says anything. All
// other ports stay.
func TestTakenPorts(t *testing.T) {
	at := func(a netip.AddrPort, port uint16) netip.AddrPort { return netip.AddrPortFrom(a.Addr(), port) }
	shown := func(port uint16) uint16 {
		if to, ok := moved[port]; ok {
			return to
		}
		return port
	}
	ports := append(capture.Taken(), 443, 8080, 32768, 34979, 34981, 44320, 44323, 65535)
	for _, c := range ports {
		for _, s := range ports {
			w, out := begun(t)
			st, err := w.Open(0, at(alice, c), at(bob, s), noon)
			if err != nil {
				t.Fatal(err)
			}
			if err := st.FromClient(noon, make([]byte, 10_000)); err != nil {
				t.Fatal(err)
			}
			if err := st.Close(noon, false); err != nil {
				t.Fatal(err)
			}
			for i, p := range read(t, out.Bytes()).packets() {
				if got := []netip.AddrPort{p.src, p.dst}; !slices.Contains(got, at(alice, shown(c))) || !slices.Contains(got, at(bob, shown(s))) {
					t.Fatalf("%d to %d: packet %d is from %v to %v", c, s, i, p.src, p.dst)
				}
				for _, port := range []uint16{c, s} {
					told := strings.Contains(p.comment, fmt.Sprintf("port was %d. It is %d here", port, shown(port)))
					if told != (i == 0 && shown(port) != port) {
						t.Errorf("%d to %d: packet %d says %q", c, s, i, p.comment)
					}
				}
				if i > 0 && p.comment != "" {
					t.Errorf("packet %d says %q", i, p.comment)
				}
			}
		}
	}
}

// TestTakenByWireshark: what we hold for taken is what the Wireshark here has bound, of the
// ports that nobody chooses.
func TestTakenByWireshark(t *testing.T) {
	const first = 32768 // of the ports that Linux gives
	for line := range strings.Lines(run(t, "tshark", "-G", "decodes")) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if len(f) != 3 || f[0] != "tcp.port" {
			continue
		}
		if port, err := strconv.ParseUint(f[1], 10, 16); err == nil && port >= first && !slices.Contains(capture.Taken(), uint16(port)) {
			t.Errorf("Wireshark has port %d for %s, and we do not know of it", port, f[2])
		}
	}
}

// TestTakenPortsOpen: Wireshark opens a leg that has such a port, and finds nothing amiss.
func TestTakenPortsOpen(t *testing.T) {
	var legs []leg
	for _, port := range capture.Taken() {
		for _, tapServer := range []bool{false, true} {
			n := len(legs)
			l := leg{name: fmt.Sprintf("taken-%d", n), version: iana.TLS13, tapServer: tapServer, client: fmt.Sprintf("192.0.2.1:%d", port), server: fmt.Sprintf("198.51.100.7:%d", 41234+n)}
			if tapServer {
				l.client, l.server = fmt.Sprintf("192.0.2.1:%d", 50000+n), fmt.Sprintf("198.51.100.7:%d", port)
			}
			legs = append(legs, l)
		}
	}
	name := captured(t, legs)
	for i, l := range legs {
		for _, end := range []*string{&l.client, &l.server} {
			a := netip.MustParseAddrPort(*end)
			if to, ok := moved[a.Port()]; ok {
				*end = netip.AddrPortFrom(a.Addr(), to).String()
			}
		}
		legs[i] = l
	}
	shows(t, name, legs)
	impeccable(t, name)
	if out := run(t, "tshark", "-r", name, "-Y", "frame.comment contains \"for another protocol than TLS\"", "-T", "fields", "-e", "tcp.flags.syn"); strings.Count(out, "1") != len(legs) {
		t.Errorf("of %d legs Wireshark shows the comment of %q", len(legs), out)
	}
}

// TestTakenPortsApart: the port that stands for a taken one makes no two connections that are
// under way at a time look like one, nor the two ends of one.
func TestTakenPortsApart(t *testing.T) {
	at := func(port uint16) netip.AddrPort { return netip.AddrPortFrom(alice.Addr(), port) }
	for _, ports := range [][][2]uint16{
		{{44323, 44321}}, // both ends on one host
		{{44321, 44323}}, // the other way round
		{{44321, 44322}}, // both moved
		{{44321, 443}, {44322, 443}, {44323, 443}},                                   // the third one's own port
		{{44323, 443}, {44321, 443}},                                                 // and where that was first
		{{443, 44321}, {44323, 443}, {443, 44322}},                                   // whoever began
		{{44321, 8443}, {44321, 8444}, {44322, 44321}, {44321, 44322}, {65535, 443}}, // all at once
	} {
		w, out := begun(t)
		var streams []*capture.Stream
		for _, p := range ports {
			st, err := w.Open(0, at(p[0]), at(p[1]), noon)
			if err != nil {
				t.Fatal(err)
			}
			streams = append(streams, st)
		}
		pairs := map[[2]netip.AddrPort]bool{}
		for _, p := range read(t, out.Bytes()).packets() {
			if p.src == p.dst {
				t.Errorf("%v: a packet from %v to itself", ports, p.src)
			}
			pairs[[2]netip.AddrPort{p.src, p.dst}] = true
		}
		if len(pairs) != 2*len(ports) { // each way
			t.Errorf("%v: %d connections look like %d", ports, len(ports), len(pairs)/2)
		}
		for _, st := range streams {
			if err := st.Close(noon, true); err != nil {
				t.Fatal(err)
			}
		}
		// What has ended is in nobody's way.
		before := len(read(t, out.Bytes()).packets())
		if _, err := w.Open(0, at(44321), at(443), noon); err != nil {
			t.Fatal(err)
		}
		if p := read(t, out.Bytes()).packets()[before]; p.src != at(44323) {
			t.Errorf("%v: then 44321 is %v", ports, p.src)
		}
	}
}
