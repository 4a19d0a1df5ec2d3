package explain_test

import (
	"bytes"
	"encoding/binary"
	"os"
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
				case !c.TLS: // TestHeadless
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
