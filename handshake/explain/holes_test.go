package explain_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"slices"
	"testing"

	"tlslab/handshake/explain"
)

// packetOf is what an enhanced packet block of pcapng has of one.
func packetOf(b []byte) []byte { return b[28 : 28+binary.LittleEndian.Uint32(b[20:])] }

// fromServer reports whether a packet of the captures here is: of Ethernet and IPv4 or IPv6, on loopback.
func fromServer(packet []byte) bool {
	ip := packet[14:]
	if ip[0]>>4 == 6 {
		return binary.BigEndian.Uint16(ip[40:]) == 19443
	}
	return binary.BigEndian.Uint16(ip[int(ip[0]&15)*4:]) == 19443
}

// Whatever packet a recording lacks, and if it lacks those of one end altogether, nobody is blamed for what is missing:
// it is told as it is told of the whole recording, or the recording is named.
func TestHoles(t *testing.T) {
	unfollowed := 0
	for _, name := range []string{"tls13_blind", "ecdhe", "rsa", "retry", "mutual", "psk", "dhe", "gnutls", "untrusted12", "untrusted", "mutual_refused", "mutual_refused12", "no_suite", "goodbyes"} {
		file, err := os.ReadFile("testdata/" + name + ".pcapng")
		if err != nil {
			t.Fatal(err)
		}
		whole, _, err := read(t, file, explain.Options{})
		if err != nil {
			t.Fatal(err)
		}
		check := func(what string, n int, file []byte) {
			all, _, err := read(t, file, explain.Options{})
			if err != nil || len(all) != len(whole) {
				t.Fatalf("%s without %s %d: %d connections, %v", name, what, n, len(all), err)
			}
			for i, c := range all {
				o, w := c.Outcome, whole[i].Outcome
				switch {
				case !c.TLS:
					t.Errorf("%s without %s %d, connection %d: no TLS", name, what, n, c.Number)
				case o.What == explain.Unfollowed && o.By == "" && o.Cause == explain.CauseRecording:
					unfollowed++
				case o.What == explain.Done && w.What == explain.Done:
				case name == "goodbyes" && n == 51 && o.Inferred: // a FIN is no byte, and there is no more than it before the answer
				case o.What != w.What || o.By != w.By || o.Phase != w.Phase && o.Phase != explain.PhaseLost:
					t.Errorf("%s without %s %d, connection %d: %s by %q in %s, likely %s; the whole: %s by %q in %s", name, what, n, c.Number, o.What, o.By, o.Phase, o.Cause, w.What, w.By, w.Phase)
				}
			}
		}
		blocks := blocksOf(file)
		var ends [2][]byte
		n := 0
		for i, b := range blocks {
			if !b.packet {
				ends[0], ends[1] = append(ends[0], b.b...), append(ends[1], b.b...)
				continue
			}
			n++
			check("packet", n, bytes.Join([][]byte{joined(blocks[:i]), joined(blocks[i+1:])}, nil))
			if fromServer(packetOf(b.b)) {
				ends[1] = append(ends[1], b.b...)
			} else {
				ends[0] = append(ends[0], b.b...)
			}
		}
		check("what end", 1, ends[0])
		check("what end", 0, ends[1])
	}
	if unfollowed < 60 {
		t.Errorf("%d holes were told as such: nothing was tested", unfollowed)
	}
}

// TLS is found without its ClientHello, however much of its beginning is missing and however the rest is cut, and
// where nothing is missing it is none.
func TestHeadless(t *testing.T) {
	for _, name := range []string{"tls13_blind", "ecdhe", "mutual12", "untrusted12", "no_suite", "retry"} {
		file, err := os.ReadFile("testdata/" + name + ".pcapng")
		if err != nil {
			t.Fatal(err)
		}
		blocks := blocksOf(file)
		head, said, behind := []byte(nil), 0, [][]byte(nil) // behind: what is left when something that was said is left out
		for i, b := range blocks {
			if !b.packet {
				head = append(head, b.b...)
				continue
			}
			if p := packetOf(b.b); len(p) > 100 && said < 4 {
				if said++; said > 1 {
					behind = append(behind, append(bytes.Clone(head), joined(blocks[i:])...))
				}
			}
		}
		for i, file := range behind {
			all, totals, err := read(t, file, explain.Options{})
			if err != nil || len(all) != 1 || totals.TLS != 1 || all[0].Server.Port() != 19443 {
				t.Errorf("%s, %d things said before are missing: %d connections, %d of TLS, %v", name, i+1, len(all), totals.TLS, err)
			}
		}
		// The answer alone, in a connection that lacks nothing but who asked for it.
		x := taped(t, file)
		answer := slices.DeleteFunc(slices.Clone(x.all), func(h heard) bool { return h.what == "bytes" && !h.server })
		for _, n := range []int{7, 536, 1 << 14} {
			for _, midway := range []bool{true, false} {
				y := &tape{ends: x.ends, all: answer}
				if midway {
					y.all = answer[1:]
				}
				all, totals, err := read(t, y.packets(func(int) int { return n }), explain.Options{})
				want := 0
				if midway {
					want = 1
				}
				if err != nil || len(all) != 1 || totals.TLS != want {
					t.Errorf("%s, in segments of %d, midway %v: %d connections, %d of TLS, %v", name, n, midway, len(all), totals.TLS, err)
				}
			}
		}
	}
	for _, name := range []string{"plain_http", "not_tls"} {
		file, err := os.ReadFile("testdata/" + name + ".pcapng")
		if err != nil {
			t.Fatal(err)
		}
		for i, b := range blocksOf(file) {
			if b.packet {
				if _, totals, err := read(t, append(joined(blocksOf(file)[:2]), joined(blocksOf(file)[i+1:])...), explain.Options{}); err != nil || totals.TLS != 0 {
					t.Errorf("%s without its first packets, %d: %d of TLS, %v", name, i, totals.TLS, err)
				}
			}
		}
	}
}

// A hello that is there and cannot be read is no silence: whose it is said so, and what is behind it is not in clear.
func TestGarbledHello(t *testing.T) {
	file, err := os.ReadFile("testdata/tls13.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	hello := bytes.Index(file, []byte("\x02\x00\x00\x76\x03\x03"))
	if hello < 0 {
		t.Fatal("no ServerHello")
	}
	clear(file[hello+6 : hello+100])
	all, _, err := read(t, file, explain.Options{})
	if err != nil || len(all) != 1 {
		t.Fatal(len(all), err)
	}
	o, r := all[0].Outcome, all[0].Read
	if o.What != explain.Garbled || o.By != "server" || o.Phase != explain.PhaseHello || o.Cause != explain.CauseMalformed || r.Trouble == nil {
		t.Errorf("%+v, %v", o, r.Trouble)
	}
	if r.Closed != explain.Unreadable || r.Sealed == 0 {
		t.Errorf("%+v", r)
	}
}
