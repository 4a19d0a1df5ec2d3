package explain_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"slices"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/explain"
	"tlslab/pki/authority"
)

// A browser keeps a connection open while others resume its session: what was begun in it is known
// before it has ended.
func TestSessionOfOpenConnection(t *testing.T) {
	file, err := os.ReadFile("testdata/resumed12.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	key, err := authority.ReadKey("testdata/rsa.key")
	if err != nil {
		t.Fatal(err)
	}
	// The packets that end the first connection go behind all others.
	var front, back []byte
	first := uint16(35288) // the client's port, of the first
	for b := file; len(b) > 0; {
		n := binary.LittleEndian.Uint32(b[4:])
		block := b[:n]
		b = b[n:]
		const ethernet, ip = 14, 20
		if packet := block[min(28, len(block)):]; binary.LittleEndian.Uint32(block) == 6 && len(packet) > ethernet+ip+14 {
			tcp := packet[ethernet+ip:]
			if fin := tcp[13]&1 != 0; fin && (binary.BigEndian.Uint16(tcp) == first || binary.BigEndian.Uint16(tcp[2:]) == first) {
				back = append(back, block...)
				continue
			}
		}
		front = append(front, block...)
	}
	if len(back) == 0 {
		t.Fatal("nothing ends the first connection")
	}
	for _, file := range [][]byte{file, append(bytes.Clone(front), back...)} {
		all, _, err := read(t, file, explain.Options{Keys: explain.Keys{RSA: asRSA(t, key)}, Onlookers: true})
		if err != nil || len(all) != 2 {
			t.Fatal(len(all), err)
		}
		for _, c := range all {
			if c.Number != 2 {
				continue
			}
			if thief := c.Onlookers[1]; thief.Party != explain.Thief || thief.Whole != explain.Reads || thief.Session != 1 || c.Read.Session != 1 || !c.Read.Computed {
				t.Errorf("%+v, read %+v", thief, c.Read)
			}
			if listener := c.Onlookers[0]; listener.Whole != explain.Closed {
				t.Errorf("%+v", listener)
			}
		}
	}
}

// What was shown of a connection among others hangs on those before it, too.
func TestShownByAnother(t *testing.T) {
	file, err := os.ReadFile("testdata/resumed12.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	key, err := authority.ReadKey("testdata/rsa.key")
	if err != nil {
		t.Fatal(err)
	}
	for show := 1; show <= 2; show++ {
		all, _, err := read(t, file, explain.Options{Keys: explain.Keys{RSA: asRSA(t, key)}, Show: show, Listener: discard{}})
		if err != nil || len(all) != 2 {
			t.Fatal(len(all), err)
		}
		for _, c := range all {
			if (c.Onlookers != nil) != (c.Number == show) {
				t.Errorf("connection %d is shown, and of %d there are %d onlookers", show, c.Number, len(c.Onlookers))
			}
			if c.Number == show && c.Onlookers[1].Whole != explain.Reads {
				t.Errorf("%d: %+v", show, c.Onlookers[1])
			}
		}
	}
}

// What is said of a connection that is shown is what is said of it among all: by whichever keys.
func TestShownAsAmongAll(t *testing.T) {
	key, err := authority.ReadKey("testdata/rsa.key")
	if err != nil {
		t.Fatal(err)
	}
	resumed := 0
	for _, name := range captures(t) {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		logged, _ := keysFor(t, name)
		for _, keys := range []explain.Keys{{}, {Logged: logged.Logged}, {RSA: asRSA(t, key)}, {RSA: asRSA(t, key), Logged: logged.Logged}, {PSKs: [][]byte{{1}}, Logged: logged.Logged}} {
			all, _, err := read(t, file, explain.Options{Keys: keys, Onlookers: true})
			if err != nil {
				t.Fatal(name, err)
			}
			for _, c := range all {
				alone, _, err := read(t, file, explain.Options{Keys: keys, Show: c.Number, Listener: discard{}})
				if err != nil {
					t.Fatal(name, err)
				}
				i := slices.IndexFunc(alone, func(a *explain.Connection) bool { return a.Number == c.Number })
				if got, want := seen(alone[i]), seen(c); c.TLS && got != want {
					t.Errorf("%s: connection %d is shown with\n%sand stands among all with\n%s", name, c.Number, got, want)
				}
				for _, o := range c.Onlookers {
					if o.Session > 0 && o.Party == explain.LogReader {
						resumed++
					}
				}
			}
		}
	}
	if resumed == 0 {
		t.Error("no session was resumed that a key log opens")
	}
}

type discard struct{}

func (discard) Event(event.Event) {}
